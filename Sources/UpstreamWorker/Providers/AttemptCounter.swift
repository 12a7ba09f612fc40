internal import Domain

/// Counts one provider's calls by outcome, how well their tokens could be estimated, and the requests that waited for it, since
/// the process started, over all reloads. Lives on the worker's loop.
final class AttemptCounter {
    /// What calls are counted by.
    struct Key: Hashable {
        /// `ok`, a failure's code, or `status_` and the provider's status.
        var outcome: String
        var billed: Billed
    }

    private var succeeded: UInt64 = 0
    private var others: [Key: UInt64] = [:]
    var estimateErrors = EstimateErrors()
    var queue = QueueCounter()

    /// `code` is nil for a call that went well.
    func count(_ code: String?, _ billed: Billed) {
        if code == nil && billed == .yes {
            self.succeeded += 1
        } else {
            self.others[Key(outcome: code ?? "ok", billed: billed), default: 0] += 1
        }
    }

    /// Every kind that occurred.
    var totals: [(key: Key, count: UInt64)] {
        let good = self.succeeded > 0 ? [(key: Key(outcome: "ok", billed: .yes), count: self.succeeded)] : []
        let others = self.others.sorted {
            ($0.key.outcome, $0.key.billed.rawValue) < ($1.key.outcome, $1.key.billed.rawValue)
        }
        return good + others.map { (key: $0.key, count: $0.value) }
    }
}

extension Billed {
    /// The label in metrics.
    var label: String {
        switch self {
        case .unknown: "unknown"
        case .yes: "yes"
        case .no: "no"
        }
    }
}
