public import Domain

/// One request as the usage database knows it. What nobody has said yet is nil or empty.
public struct RequestRow: Hashable, Sendable {
    public var record: RecordID
    public var rank: SettleRank
    public var principal: Principal?
    public var endpoint: Endpoint?
    public var bodyBytes: Int64?
    public var traceID: [UInt8]
    public var label: [UInt8]
    public var tags: [UInt8]
    /// The model that was asked for.
    public var model: [UInt8]
    public var provider: [UInt8]
    public var modelSent: [UInt8]
    public var status: Int64?
    public var outcome: ClientOutcome
    public var usageSource: UsageSource
    public var usage: TokenUsage
    /// Nano-USD; nil where a price is unknown, or the request runs.
    public var cost: Int64?
    public var error: [UInt8]
    /// Microseconds from the head of the request; nil for what was not reached.
    public var firstByte: Int64?
    public var total: Int64?
    public var detail: RequestDetail
}
