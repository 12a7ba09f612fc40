public import Domain

/// The process that writes a journal: no other process, before or after, has the same host and instance.
public struct JournalOwner: Hashable, Sendable {
    /// 24 bits.
    public var host: UInt32
    /// 24 bits: the spawn counter.
    public var instance: UInt32
    public var role: Role

    public init(host: UInt32, instance: UInt32, role: Role) {
        self.host = host & 0xFF_FFFF
        self.instance = instance & 0xFF_FFFF
        self.role = role
    }
}
