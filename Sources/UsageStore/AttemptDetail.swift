public import Domain

/// What is packed into `attempts.detail` when a provider call has ended: usage source, finish, bytes of the reply, µs until the
/// connection, the first content and the end; then a mask of `TokenClass` bits and their numbers; then, where the call was served in
/// another way than usual or used something besides tokens, the service, a mask of `UnitClass` bits and their numbers.
public struct AttemptDetail: Hashable, Sendable {
    public var usageSource = UsageSource.none
    public var finish = FinishReason.none
    public var replyBytes: UInt64 = 0
    public var connected: UInt64 = 0
    public var firstContent: UInt64 = 0
    public var total: UInt64 = 0
    public var usage = TokenUsage()
    public var service = ServiceTier.standard
    /// Nil where nothing was used besides tokens.
    public var units: CallUnits?

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
        self.service = ServiceTier(rawValue: reader.nextByte()) ?? .standard
        let mask = reader.next()
        guard mask != 0 else { return }
        var units = CallUnits()
        for unitClass in UnitClass.allCases where mask & 1 << UInt64(unitClass.rawValue) != 0 {
            units[unitClass] = reader.nextSigned()
        }
        self.units = units.isEmpty ? nil : units
    }
}
