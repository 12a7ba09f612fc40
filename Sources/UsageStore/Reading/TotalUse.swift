import Domain

/// What was used in all, by whoever it is.
public struct TotalUse: Hashable, Sendable {
    /// Of all classes.
    public var tokens: Int64
    /// Nano-USD; nothing where a price is unknown.
    public var cost: Int64

    public init(tokens: Int64 = 0, cost: Int64 = 0) {
        self.tokens = tokens
        self.cost = cost
    }

    init(_ sums: RollupSums) {
        let usage = sums.usage
        self.init(tokens: usage.promptTokens.addingClamped(usage.completionTokens), cost: sums.cost)
    }

    mutating func add(_ other: TotalUse) {
        self.tokens = self.tokens.addingClamped(other.tokens)
        self.cost = self.cost.addingClamped(other.cost)
    }
}
