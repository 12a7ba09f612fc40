/// What a request has used, or holds.
public struct LimitUse: Hashable, Sendable {
    public var tokens: Int64
    /// Nano-USD.
    public var cost: Int64

    public init(tokens: Int64 = 0, cost: Int64 = 0) {
        self.tokens = tokens
        self.cost = cost
    }
}
