/// How edges and upstreams keep their journals.
public struct JournalSettings: Hashable, Sendable {
    /// Bytes the journal folder may take before new work is refused or goes unrecorded.
    public var maxBytes: UInt64
    /// A full journal refuses new work (503); else the work is done and the missing records are counted.
    public var isStrict: Bool
    /// Milliseconds between two syncs to the disk: what a power loss may take.
    public var syncInterval: UInt32

    public init(maxBytes: UInt64 = 1 << 30, isStrict: Bool = true, syncInterval: UInt32 = 100) {
        self.maxBytes = maxBytes
        self.isStrict = isStrict
        self.syncInterval = syncInterval
    }
}
