/// What a key may use; nil where it is not limited. No value is negative.
public struct KeyLimits: Hashable, Sendable {
    /// Requests a minute.
    public var requestsPerMinute: Int64?
    /// Tokens a minute.
    public var tokensPerMinute: Int64?
    /// Requests at the same time.
    public var concurrency: Int64?
    /// Cost a calendar month of the project, in nano-USD.
    public var monthlyCost: Int64?
    /// Tokens a calendar month of the project.
    public var monthlyTokens: Int64?

    public init(
        requestsPerMinute: Int64? = nil, tokensPerMinute: Int64? = nil, concurrency: Int64? = nil,
        monthlyCost: Int64? = nil, monthlyTokens: Int64? = nil
    ) {
        self.requestsPerMinute = requestsPerMinute
        self.tokensPerMinute = tokensPerMinute
        self.concurrency = concurrency
        self.monthlyCost = monthlyCost
        self.monthlyTokens = monthlyTokens
    }
}
