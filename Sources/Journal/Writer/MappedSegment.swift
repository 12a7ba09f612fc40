import CJournal
import Glibc
import Platform
import Synchronization

/// One segment that is being written: the file, its lock, and its mapping.
///
/// Two threads use it. The event loop alone writes into the mapping, behind `written`; the sync thread reads `written`, has
/// pages there and syncs. It is unmapped and unlocked when the last of the two lets it go.
@safe final class MappedSegment: @unchecked Sendable {
    let header: SegmentHeader
    let path: String
    /// The first byte of the mapping; `size` bytes of it may be used.
    let base: UnsafeMutableRawPointer
    let size: Int
    /// What records' checksums start from.
    let seed: UInt32
    /// The end of the records: all before it is final.
    let written = Atomic<Int>(SegmentFormat.headerSize)
    /// The end of the pages that the sync thread has had made.
    let touched = Atomic<Int>(0)
    /// The end of what was synced; the sync thread's.
    private(set) var synced = SegmentFormat.headerSize
    private let descriptor: OwnedDescriptor

    /// Where records must end: the mark that closes the segment always fits behind.
    var limit: Int { self.size - SegmentFormat.frameSize }

    /// Makes a segment: allocated, locked, with its header, and only then under its name.
    ///
    /// Throws when there is no room or the kernel refuses something; nothing stays behind then.
    init(
        folder: String, header: SegmentHeader, operations: any SegmentFileOperations, counters: JournalCounters
    ) throws(JournalError) {
        let name = SegmentName(host: header.owner.host, instance: header.owner.instance, sequence: header.sequence)
        let unfinished = "\(folder)/\(name.file(.unfinished))"
        let path = "\(folder)/\(name.file(.segment))"
        let size = Int(header.size)
        let descriptor = OwnedDescriptor(
            adopting: unsafe open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640))
        guard descriptor.number >= 0 else { throw .system(path: unfinished, SystemError.last("open")) }
        var isNamed = false
        defer { if !isNamed { unsafe unlink(unfinished) } }
        guard sluice_journal_lock(descriptor.number) == 0 else {
            throw .system(path: unfinished, SystemError.last("fcntl(F_OFD_SETLK)"))
        }
        let refused = operations.allocate(descriptor.number, size)
        guard refused == 0 else {
            throw .system(path: unfinished, SystemError(operation: "fallocate", code: refused))
        }
        let bytes = header.encoded()
        let count = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor.number, $0.baseAddress, $0.count, 0) }
        guard count == bytes.count else { throw .system(path: unfinished, SystemError.last("pwrite")) }
        guard let base = unsafe sluice_journal_map(descriptor.number, size) else {
            throw .system(path: unfinished, SystemError.last("mmap"))
        }
        let page = unsafe UnsafeMutableRawBufferPointer(start: base, count: SegmentFormat.headerSize)
        if unsafe operations.synchronize(page) != 0 { counters.syncErrors.add(1, ordering: .relaxed) }
        guard unsafe sluice_journal_rename(unfinished, path) == 0 else {
            let error = SystemError.last("rename")
            unsafe munmap(base, size)
            throw .system(path: path, error)
        }
        isNamed = true
        self.header = header
        self.path = path
        unsafe self.base = unsafe base
        self.size = size
        self.seed = SegmentFormat.seed(nonce: header.nonce)
        self.descriptor = descriptor
    }

    /// Says that the owner went on in its next segment. Nothing is written here afterwards.
    func close(at position: Int) {
        let start = unsafe self.base + position
        let checksum = unsafe SegmentFormat.checksum(
            seed: self.seed, length: SegmentFormat.closed, body: UnsafeRawBufferPointer(start: nil, count: 0))
        unsafe sluice_store_release(start, SegmentFormat.frame(length: SegmentFormat.closed, checksum: checksum))
        self.written.store(position + SegmentFormat.frameSize, ordering: .releasing)
    }

    /// Has the pages of the next `window` bytes there, so that an append waits for none.
    func touch(window: Int) {
        let page = SegmentFormat.headerSize
        let start = self.written.load(ordering: .acquiring) / page * page
        let end = min(self.size, start + page + window) / page * page
        if start < end { unsafe sluice_journal_touch(self.base + start, end - start) }
        self.touched.store(end, ordering: .releasing)
    }

    /// Takes pages that are written to the end out of the mapping: they would count as this process's memory.
    func forget(from: Int, to: Int) {
        let page = SegmentFormat.headerSize
        let start = from / page * page
        let end = min(to, self.size) / page * page
        if start < end { unsafe sluice_journal_forget(self.base + start, end - start) }
    }

    /// Writes the records that came since the last time to the disk; returns how many bytes, or nil when that failed. What failed is
    /// not tried again: the kernel has dropped it. Only the sync thread calls this.
    func synchronize(_ operations: any SegmentFileOperations) -> Int? {
        let page = SegmentFormat.headerSize
        let (from, to) = (self.synced, self.written.load(ordering: .acquiring))
        guard from < to else { return 0 }
        self.synced = to
        let start = from / page * page
        let pages = unsafe UnsafeMutableRawBufferPointer(
            start: self.base + start, count: (to + page - 1) / page * page - start)
        return unsafe operations.synchronize(pages) == 0 ? to - from : nil
    }

    deinit {
        unsafe munmap(self.base, self.size)
    }
}
