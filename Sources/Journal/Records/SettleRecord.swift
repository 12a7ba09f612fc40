public import Domain

/// A request is over: what it cost and how it went. Written by the edge before the last byte of the reply goes out, or by
/// the upstream for a request whose edge has died.
public struct SettleRecord: Hashable, Sendable {
    public var record: RecordID
    public var rank: SettleRank
    /// What the client got; 0 when it got none.
    public var status: UInt16
    public var outcome: ClientOutcome
    public var finish: FinishReason
    /// The client asked for a stream.
    public var isStream: Bool
    /// Another request's call, or a stored reply, has answered it.
    public var isCacheHit: Bool
    /// Whose fault it is that it ended with an error, or with a status of 400 or more; nil where it did not, and where nobody knows.
    public var fault: GatewayError.Source?
    /// The name the client asked for; empty where the request could not be read.
    public var model: [UInt8]
    /// The provider that answered or was called last, by name; empty for none.
    public var provider: [UInt8]
    /// The model as it was sent there.
    public var modelSent: [UInt8]
    /// Of all attempts together.
    public var usage: TokenUsage
    public var usageSource: UsageSource
    /// Nano-USD of all attempts together; nil where a price is unknown.
    public var cost: Int64?
    /// Provider calls the writer knows of.
    public var attempts: UInt8
    /// The error's code as the client was told it, or empty.
    public var error: [UInt8]
    /// Bytes of the reply's body that were handed to the client's socket.
    public var replyBytes: UInt64
    /// Microseconds from the head of the request until its body was whole, until it was handed to an upstream, until the first
    /// byte of the reply's body, and until the end; 0 for what was not reached.
    public var received: UInt64
    public var dispatched: UInt64
    public var firstByte: UInt64
    public var total: UInt64
    /// `DecisionTrail.packed`, or nothing. It is left away where the journal has no room for it.
    public var trail: [UInt8]

    public init(
        record: RecordID, rank: SettleRank, status: UInt16, outcome: ClientOutcome, finish: FinishReason = .none,
        isStream: Bool = false, isCacheHit: Bool = false, fault: GatewayError.Source? = nil, model: [UInt8] = [],
        provider: [UInt8] = [], modelSent: [UInt8] = [],
        usage: TokenUsage = TokenUsage(), usageSource: UsageSource = .none, cost: Int64? = nil, attempts: UInt8 = 0,
        error: [UInt8] = [], replyBytes: UInt64 = 0, received: UInt64 = 0, dispatched: UInt64 = 0,
        firstByte: UInt64 = 0, total: UInt64 = 0, trail: [UInt8] = []
    ) {
        self.record = record
        self.rank = rank
        self.status = status
        self.outcome = outcome
        self.finish = finish
        self.isStream = isStream
        self.isCacheHit = isCacheHit
        self.fault = fault
        self.model = model
        self.provider = provider
        self.modelSent = modelSent
        self.usage = usage
        self.usageSource = usageSource
        self.cost = cost
        self.attempts = attempts
        self.error = error
        self.replyBytes = replyBytes
        self.received = received
        self.dispatched = dispatched
        self.firstByte = firstByte
        self.total = total
        self.trail = trail
    }
}
