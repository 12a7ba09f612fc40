internal import Domain
internal import Metrics

/// Counts one provider's calls by outcome, how well their tokens could be estimated, and the requests that waited for it, over
/// all reloads. Lives on the worker's loop.
final class AttemptCounter {
    /// What calls are counted by.
    private struct Key: Hashable {
        /// `ok`, a failure's code, or `status_` and the provider's status.
        var outcome: String
        var billed: Billed
    }

    /// Series over all providers; what is beyond them counts as the outcome `other`.
    private static let limit = 1000

    let page: MetricPage
    private let provider: String
    private var succeeded: MetricCounter?
    private var others: [Key: MetricCounter] = [:]
    var estimateErrors: EstimateErrors
    var queue: QueueCounter

    init(_ provider: String = "", page: MetricPage = MetricPage()) {
        self.page = page
        self.provider = provider
        self.estimateErrors = EstimateErrors(page, provider: provider)
        self.queue = QueueCounter(page, provider: provider)
    }

    /// `code` is nil for a call that went well.
    func count(_ code: String?, _ billed: Billed) {
        if code == nil && billed == .yes {
            if self.succeeded == nil { self.succeeded = self.counter(Key(outcome: "ok", billed: billed)) }
            self.succeeded?.add()
        } else {
            let key = Key(outcome: code ?? "ok", billed: billed)
            let known = self.others[key]
            let counter = known ?? self.counter(key)
            if known == nil, self.others.count < Self.limit { self.others[key] = counter }
            counter.add()
        }
    }

    private func counter(_ key: Key) -> MetricCounter {
        func labels(_ outcome: String) -> [[UInt8]] {
            [self.provider, outcome, key.billed.label].map { Array($0.utf8) }
        }
        return self.page.counter(MetricCatalogue.attempts, labels(key.outcome), limit: Self.limit)
            ?? self.page.counter(MetricCatalogue.attempts, labels("other"))
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
