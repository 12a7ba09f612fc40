public import Domain

/// A provider call is over, however it went: written by the upstream.
public struct AttemptEndRecord: Hashable, Sendable {
    public var record: RecordID
    public var number: UInt8
    /// The provider's HTTP status, 0 when none came.
    public var status: UInt16
    public var billed: Billed
    public var usageSource: UsageSource
    public var usage: TokenUsage
    /// How the provider says it has served the call.
    public var service: ServiceTier
    /// What it used besides tokens; nil where nothing.
    public var units: CallUnits?
    /// Nano-USD; nil where the price is unknown.
    public var cost: Int64?
    public var finish: FinishReason
    /// The failure's code, or empty.
    public var error: [UInt8]
    /// Microseconds from the start of the call until the connection was there, until the first byte of content, and until its
    /// end; 0 for what was not reached.
    public var connected: UInt64
    public var firstContent: UInt64
    public var total: UInt64
    /// Bytes of the reply's body that came.
    public var replyBytes: UInt64

    public init(
        record: RecordID, number: UInt8, status: UInt16, billed: Billed, usageSource: UsageSource = .none,
        usage: TokenUsage = TokenUsage(), service: ServiceTier = .standard, units: CallUnits? = nil, cost: Int64? = nil,
        finish: FinishReason = .none, error: [UInt8] = [],
        connected: UInt64 = 0, firstContent: UInt64 = 0, total: UInt64 = 0, replyBytes: UInt64 = 0
    ) {
        self.record = record
        self.number = number
        self.status = status
        self.billed = billed
        self.usageSource = usageSource
        self.usage = usage
        self.service = service
        self.units = units
        self.cost = cost
        self.finish = finish
        self.error = error
        self.connected = connected
        self.firstContent = firstContent
        self.total = total
        self.replyBytes = replyBytes
    }
}
