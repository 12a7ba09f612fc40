public import Domain

/// What one row of `requests` says of its use, with the numbers of who and what: there may be millions of rows.
public struct RequestUse: Hashable, Sendable {
    public var record: RecordID
    /// Of `principals`; nil where its BEGIN is not there.
    public var principal: Int64?
    /// Of `routes`; nil while it runs.
    public var route: Int64?
    /// Refused without a call of a provider: it may have been over a limit.
    public var isRefused: Bool
    /// Of all classes; at least 0.
    public var tokens: Int64
    /// Nano-USD; at least 0, and 0 where a price is unknown.
    public var cost: Int64
    /// When it was over, in milliseconds since 1970.
    public var endedAt: UInt64
}

/// How a request ended, as far as anybody knows.
public struct RequestOutcome: Hashable, Sendable {
    public var rank: SettleRank
    /// Of all classes; at least 0.
    public var tokens: Int64
    /// Nano-USD; at least 0.
    public var cost: Int64
    /// Nobody knows what one of its calls took: it has no end, or the provider may have billed it.
    public var isUnknown: Bool
    /// Instances of the upstreams whose calls have not ended.
    public var running: [UInt32]
}
