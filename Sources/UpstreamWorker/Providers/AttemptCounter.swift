/// Counts one provider's calls by outcome since the process started, over all reloads. Lives on the worker's loop.
final class AttemptCounter {
    private var succeeded: UInt64 = 0
    private var others: [String: UInt64] = [:]

    /// `code` is nil for a call that went well.
    func count(_ code: String?) {
        if let code { self.others[code, default: 0] += 1 } else { self.succeeded += 1 }
    }

    /// Every outcome that occurred.
    var totals: [(outcome: String, count: UInt64)] {
        let good = self.succeeded > 0 ? [(outcome: "ok", count: self.succeeded)] : []
        return good + self.others.sorted { $0.key < $1.key }.map { (outcome: $0.key, count: $0.value) }
    }
}
