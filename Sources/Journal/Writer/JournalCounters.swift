import Synchronization

/// What the sync thread counts and measures, and the event loop reads.
final class JournalCounters: Sendable {
    /// Syncs that failed, of segments or of the folder.
    let syncErrors = Atomic<UInt64>(0)
    /// Segments that could not be made because the disk refused.
    let spaceErrors = Atomic<UInt64>(0)
    /// Bytes in the folder when it was last measured.
    let folderBytes = Atomic<UInt64>(0)
}
