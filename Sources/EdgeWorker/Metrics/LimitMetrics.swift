import Domain
import Limits
import Metrics

/// What one edge counts of limits. Lives on the event loop.
struct LimitMetrics {
    private let page: MetricPage
    /// By scope and kind.
    private var refusals: [UInt16: MetricCounter] = [:]
    private var crossings: [UInt16: MetricCounter] = [:]
    private var answers: [Bool: MetricCounter] = [:]
    private let cuts: MetricCounter

    init(_ page: MetricPage) {
        self.page = page
        self.cuts = page.counter(MetricCatalogue.limitCuts)
    }

    /// A limit has refused something.
    mutating func refused(_ refusal: LimitRefusal) {
        self.counter(\.refusals, MetricCatalogue.limitRefusals, refusal.scope, refusal.kind).add()
    }

    /// A budget has come to its soft limit.
    mutating func crossed(_ crossing: LimitCrossing) {
        self.counter(\.crossings, MetricCatalogue.limitSoftCrossings, crossing.scope, crossing.kind).add()
    }

    /// A request was served with less output than it could have had.
    func cut() { self.cuts.add() }

    /// An upstream has asked for one more attempt.
    mutating func asked(isGranted: Bool) {
        let known = self.answers[isGranted]
        let counter = known ?? self.page.counter(MetricCatalogue.limitFurtherAttempts, isGranted ? "yes" : "no")
        self.answers[isGranted] = counter
        counter.add()
    }

    private mutating func counter(
        _ known: WritableKeyPath<LimitMetrics, [UInt16: MetricCounter]>, _ metric: MetricDefinition,
        _ scope: LimitScope, _ kind: LimitKind
    ) -> MetricCounter {
        let key = UInt16(scope.rawValue) << 8 | UInt16(kind.rawValue)
        if let counter = self[keyPath: known][key] { return counter }
        let counter = self.page.counter(metric, "\(scope.name)", "\(kind.name)")
        self[keyPath: known][key] = counter
        return counter
    }
}
