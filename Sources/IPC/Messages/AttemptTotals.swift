public import Domain

/// The tokens and the cost of a request's provider calls together.
public struct AttemptTotals: Hashable, Sendable {
    /// Nil where nothing is known of any tokens.
    public private(set) var usage: TokenUsage?
    /// As sure as the least sure part.
    public private(set) var source = UsageSource.none
    private var costs = AttemptCost()
    /// Nano-USD; nil where a price is unknown. A sum beyond Int64 stays at its greatest value.
    public var cost: Int64? { self.costs.sum }

    /// No provider was called.
    public init() {}

    public init(_ attempts: [AttemptReport]) {
        for attempt in attempts { self.add(attempt) }
    }

    private mutating func add(_ attempt: AttemptReport) {
        if let usage = attempt.usage {
            self.usage = self.usage.map { $0 + usage } ?? usage
            self.source = max(self.source, attempt.usageSource)
        }
        self.costs.add(attempt)
    }
}
