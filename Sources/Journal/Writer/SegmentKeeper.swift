import CJournal
import Domain
import Glibc
import Platform
import Synchronization

/// The half of a journal that may wait for the disk: makes segments ahead, syncs them, has their pages there, and measures the
/// folder. Owns one plain thread, which `run` is the body of.
///
/// The event loop hands over under a mutex that neither side holds for longer than it takes to move a few references,
/// and only when a segment is full, ordered or delivered; an append takes no lock. Unchecked because a descriptor is not
/// Sendable; both are never changed.
final class SegmentKeeper: @unchecked Sendable {
    /// What passes between event loop and thread.
    private struct Exchange {
        var settings: JournalSettings
        /// Segments the loop has ordered and the thread has not made.
        var wanted = 0
        /// Made and not taken by the loop.
        var ready: [MappedSegment] = []
        /// The one the loop writes.
        var current: MappedSegment?
        /// Full ones, to be synced and let go.
        var retired: [MappedSegment] = []
        /// The next one's number.
        var sequence: UInt32 = 1
        var isClosing = false
    }

    static let smallestWindow = 64 * 1024
    static let largestWindow = 1 << 20
    private static let millisecond: UInt64 = 1_000_000
    private static let measureInterval = 1000 * millisecond

    let counters = JournalCounters()
    /// There are segments to take.
    let hasNews = Atomic<Bool>(false)
    private let folder: String
    private let owner: JournalOwner
    private let segmentSize: Int
    private let operations: any SegmentFileOperations
    private let exchange: Mutex<Exchange>
    private let wakeup: OwnedDescriptor
    private let directory: OwnedDescriptor

    init(
        folder: String, owner: JournalOwner, settings: JournalSettings, segmentSize: Int,
        operations: any SegmentFileOperations
    ) throws(JournalError) {
        self.folder = folder
        self.owner = owner
        self.segmentSize = segmentSize
        self.operations = operations
        self.exchange = Mutex(Exchange(settings: settings))
        self.directory = OwnedDescriptor(adopting: unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        self.wakeup = OwnedDescriptor(adopting: sluice_journal_eventfd())
        guard self.directory.number >= 0 else { throw .system(path: folder, SystemError.last("open")) }
        guard self.wakeup.number >= 0 else { throw .system(path: folder, SystemError.last("eventfd")) }
    }

    // MARK: For the event loop

    /// Orders further segments.
    func order(_ count: Int) {
        self.exchange.withLock { $0.wanted += count }
        self.wake()
    }

    /// The segments that are ready, in order.
    func take() -> [MappedSegment] {
        self.hasNews.store(false, ordering: .relaxed)
        return self.exchange.withLock { exchange in
            defer { exchange.ready = [] }
            return exchange.ready
        }
    }

    /// The loop writes `segment` from now on; `former` is full.
    func advance(to segment: MappedSegment, from former: MappedSegment?) {
        self.exchange.withLock { exchange in
            exchange.current = segment
            if let former { exchange.retired.append(former) }
        }
        self.wake()
    }

    func update(_ settings: JournalSettings) {
        self.exchange.withLock { $0.settings = settings }
        self.wake()
    }

    /// Has the thread sync what there is and end; `unused` are segments that were taken and never written.
    func close(unused: [MappedSegment]) {
        self.exchange.withLock { exchange in
            exchange.ready = unused + exchange.ready
            exchange.isClosing = true
        }
        self.wake()
    }

    /// Has the thread look for what there is to do.
    func wake() { sluice_journal_wake(self.wakeup.number) }

    // MARK: The thread

    /// Makes the next segment now. Called by the thread, and once by the loop before the thread is there.
    func make() throws(JournalError) -> MappedSegment {
        let (sequence, settings) = self.exchange.withLock { ($0.sequence, $0.settings) }
        let bytes = try self.measure()
        let (sum, overflow) = bytes.addingReportingOverflow(UInt64(self.segmentSize))
        guard !overflow, sum <= settings.maxBytes, sequence <= SegmentName.maximum else {
            throw .system(path: self.folder, SystemError(operation: "journal.max_bytes", code: EDQUOT))
        }
        let header = SegmentHeader(
            owner: self.owner, sequence: sequence, size: UInt64(self.segmentSize), nonce: .random(in: 1 ... .max),
            madeAt: Clocks.wallMilliseconds())
        do throws(JournalError) {
            let segment = try MappedSegment(
                folder: self.folder, header: header, operations: self.operations, counters: self.counters)
            if fsync(self.directory.number) != 0 { self.counters.syncErrors.add(1, ordering: .relaxed) }
            segment.touch(window: SegmentKeeper.smallestWindow)
            self.exchange.withLock { $0.sequence += 1 }
            return segment
        } catch {
            self.counters.spaceErrors.add(1, ordering: .relaxed)
            throw error
        }
    }

    @discardableResult
    private func measure() throws(JournalError) -> UInt64 {
        let bytes = try JournalFolder.bytes(self.folder)
        self.counters.folderBytes.store(bytes, ordering: .relaxed)
        return bytes
    }

    /// What the thread knows of the segment being written.
    private struct Progress {
        var segment: MappedSegment?
        /// Bytes to have pages for ahead of the loop.
        var window = SegmentKeeper.smallestWindow
    }

    /// The body of the thread; returns after `close`.
    func run() {
        var progress = Progress()
        var nextSync: UInt64 = 0
        var nextMeasure: UInt64 = 0
        var nextTry: UInt64 = 0
        while true {
            let now = Clocks.monotonicNanoseconds()
            let (settings, wanted, current, retired, isClosing) = self.exchange.withLock { exchange in
                defer { exchange.retired = [] }
                return (
                    exchange.settings, exchange.wanted, exchange.current, exchange.retired, exchange.isClosing
                )
            }
            let interval = UInt64(max(1, settings.syncInterval)) * SegmentKeeper.millisecond
            if wanted > 0, !isClosing, now >= nextTry, !self.prepare(wanted) {
                nextTry = Clocks.monotonicNanoseconds() &+ max(interval, 100 * SegmentKeeper.millisecond)
            }
            progress.segment = current
            self.touch(progress)
            for segment in retired { _ = self.synchronize(segment) }
            if now >= nextSync || isClosing {
                self.synchronize(&progress)
                nextSync = now &+ interval
            }
            if isClosing { return self.finish() }
            if now >= nextMeasure {
                _ = try? self.measure()
                nextMeasure = now &+ SegmentKeeper.measureInterval
            }
            let next = min(nextSync, nextMeasure)
            let after = Clocks.monotonicNanoseconds()
            let pause = next > after ? (next - after) / SegmentKeeper.millisecond + 1 : 0
            sluice_journal_wait(self.wakeup.number, Int32(clamping: pause))
        }
    }

    /// Makes what was ordered; false when a segment could not be made.
    private func prepare(_ wanted: Int) -> Bool {
        for _ in 0..<wanted {
            guard let segment = try? self.make() else { return false }
            self.exchange.withLock { exchange in
                exchange.ready.append(segment)
                exchange.wanted -= 1
            }
            self.hasNews.store(true, ordering: .releasing)
        }
        return true
    }

    /// Goes ahead of the loop when it has used half of the pages made for it.
    private func touch(_ progress: Progress) {
        guard let segment = progress.segment else { return }
        let left = segment.touched.load(ordering: .relaxed) - segment.written.load(ordering: .acquiring)
        if left < progress.window / 2 { segment.touch(window: progress.window) }
    }

    private func synchronize(_ progress: inout Progress) {
        guard let segment = progress.segment else { return }
        let from = segment.synced
        let count = self.synchronize(segment)
        guard count > 0 else { return }
        // Twice what one interval took.
        progress.window = min(max(2 * count, SegmentKeeper.smallestWindow), SegmentKeeper.largestWindow)
        // A page that was synced faults when it is written next; the one being filled is made writable here.
        segment.touch(window: progress.window)
        segment.forget(from: from, to: segment.synced)
    }

    /// Syncs a segment; returns how many bytes of records that were.
    private func synchronize(_ segment: MappedSegment) -> Int {
        guard let count = segment.synchronize(self.operations) else {
            self.counters.syncErrors.add(1, ordering: .relaxed)
            return 0
        }
        return count
    }

    /// Lets everything go. Segments that nothing was written to are deleted, the last first, so that the newest one there is
    /// always locked.
    private func finish() {
        let (current, ready) = self.exchange.withLock { exchange in
            defer {
                exchange.current = nil
                exchange.ready = []
            }
            return (exchange.current, exchange.ready)
        }
        for segment in ready.reversed() { unsafe unlink(segment.path) }
        if let current, current.written.load(ordering: .acquiring) == SegmentFormat.headerSize {
            unsafe unlink(current.path)
        }
    }
}
