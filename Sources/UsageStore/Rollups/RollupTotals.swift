public import Domain

/// Sums over requests that have ended. A request counts for the hour and the day in which it came.
public struct RollupTotals: Hashable, Sendable {
    public var requests: Int64 = 0
    /// Those that ended with an error, or a status of 400 or more, by whose fault it was (`GatewayError.Source`).
    public var clientErrors: Int64 = 0
    public var providerErrors: Int64 = 0
    public var gatewayErrors: Int64 = 0
    /// Those of the client's errors that were over a limit or a budget.
    public var refused: Int64 = 0
    /// Those whose client went away.
    public var disconnected: Int64 = 0
    /// Those that no edge has settled, because it died.
    public var recovered: Int64 = 0
    /// Those with tokens that are estimated, wholly or in part.
    public var estimated: Int64 = 0
    /// Those with tokens whose price is unknown: the sum of cost is too low by what they cost.
    public var unknownPrice: Int64 = 0
    /// Those that another request's call, or a stored reply, has answered.
    public var cacheHits: Int64 = 0
    public var usage = TokenUsage()
    /// Nano-USD.
    public var cost: Int64 = 0
    /// From the head of the request until the end of the reply, and until its first byte.
    public var latency = DurationSummary()
    public var firstByte = DurationSummary()

    /// Of no request.
    public init() {}

    /// Errors of all kinds.
    public var errors: Int64 { self.clientErrors &+ self.providerErrors &+ self.gatewayErrors }
}
