internal import Domain

/// What provider calls cost together, added up one by one.
public struct AttemptCost: Hashable, Sendable {
    /// Nano-USD; nil where a price is unknown. A sum beyond Int64 stays at its greatest value.
    public private(set) var sum: Int64? = 0

    /// No provider was called.
    public init() {}

    public mutating func add(_ attempt: AttemptReport) {
        guard let cost = attempt.cost else {
            // A call that costs nothing has no cost that could be unknown.
            if attempt.billed == .yes || (attempt.billed == .unknown && attempt.usage != nil) { self.sum = nil }
            return
        }
        self.sum = self.sum.map { sum in
            let (total, overflow) = sum.addingReportingOverflow(cost)
            return overflow ? .max : total
        }
    }
}
