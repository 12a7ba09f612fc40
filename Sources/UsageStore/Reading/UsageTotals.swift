public import Domain

/// Sums over requests.
public struct UsageTotals: Hashable, Sendable {
    /// All of them, also those that run.
    public var requests: Int64 = 0
    /// Those that run, or whose edge has died a moment ago.
    public var open: Int64 = 0
    /// Those that ended with an error of the gateway or the provider, or with a status of 400 or more.
    public var errors: Int64 = 0
    /// Those whose client went away.
    public var disconnected: Int64 = 0
    /// Those that no edge has settled, because it died.
    public var recovered: Int64 = 0
    /// Those with tokens that are estimated, wholly or in part.
    public var estimated: Int64 = 0
    /// Those with tokens whose price is unknown: the sum of cost is too low by what they cost.
    public var unknownPrice: Int64 = 0
    public var usage = TokenUsage()
    /// Nano-USD.
    public var cost: Int64 = 0

    /// Of no request.
    public init() {}

    /// Adds other sums; what is beyond Int64 stays at its greatest value.
    mutating func add(_ other: UsageTotals) {
        for path in [
            \Self.requests, \.open, \.errors, \.disconnected, \.recovered, \.estimated, \.unknownPrice, \.cost,
        ] {
            self[keyPath: path] = self[keyPath: path].addingClamped(other[keyPath: path])
        }
        self.usage = self.usage + other.usage
    }
}
