public import Domain

/// The tokens and the cost of a request's provider calls together.
public struct AttemptTotals: Hashable, Sendable {
    /// Nil where nothing is known of any tokens.
    public private(set) var usage: TokenUsage?
    /// As sure as the least sure part.
    public private(set) var source = UsageSource.none
    /// Nano-USD; nil where a price is unknown. A sum beyond Int64 stays at its greatest value.
    public private(set) var cost: Int64? = 0

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
        guard let cost = attempt.cost else {
            // A call that costs nothing has no cost that could be unknown.
            if attempt.billed == .yes || (attempt.billed == .unknown && attempt.usage != nil) { self.cost = nil }
            return
        }
        self.cost = self.cost.map { sum in
            let (total, overflow) = sum.addingReportingOverflow(cost)
            return overflow ? .max : total
        }
    }
}
