public import Domain

/// What is packed into `attempts.detail` when a provider call has ended: usage source, finish, bytes of the reply, µs until the
/// connection, the first content and the end; then a mask of `TokenClass` bits and their numbers.
public struct AttemptDetail: Hashable, Sendable {
    public var usageSource = UsageSource.none
    public var finish = FinishReason.none
    public var replyBytes: UInt64 = 0
    public var connected: UInt64 = 0
    public var firstContent: UInt64 = 0
    public var total: UInt64 = 0
    public var usage = TokenUsage()

    init() {}

    init(_ bytes: [UInt8]) {
        var reader = PackedReader(bytes)
        self.usageSource = UsageSource(rawValue: reader.nextByte()) ?? .none
        self.finish = FinishReason(rawValue: reader.nextByte()) ?? .other
        self.replyBytes = reader.next()
        self.connected = reader.next()
        self.firstContent = reader.next()
        self.total = reader.next()
        self.usage = TokenUsage(packed: &reader)
    }
}
