import CJournal
import Glibc
public import Domain
import Platform
import Synchronization

/// A process's own journal: what it records survives its death by any signal from the moment a call returns, and a loss of
/// power after at most `sync_interval`.
///
/// Lives on the process's event loop and waits for nothing there but its first segment: an append is a copy into mapped
/// memory. A thread of its own (`SegmentKeeper`) makes segments ahead, syncs, and measures the folder.
///
/// Invariant: the room in the segment being written and in those ready behind it is at least what is reserved, so the end
/// of whatever was admitted can always be recorded. A segment counts with the bytes that records of any sizes can
/// certainly use: its end may stay empty by up to one record.
public final class JournalWriter {
    /// What became of the record that opens a request or an attempt; goes into the call that ends it.
    public enum Admission: Hashable, Sendable {
        /// It is recorded, and room for its end is reserved.
        case recorded
        /// There is no room, and the policy is `open`: the work may be done. Counted in `lost`.
        case unrecorded
        /// There is no room, and the policy is `strict`: the work must not be done.
        case refused
    }

    private static let attemptReserve = AttemptEndRecord.maximumSize + SettleRecord.reservedSize

    private let keeper: SegmentKeeper
    private var isStrict: Bool
    /// Bytes one fresh segment certainly has room for.
    private let freshRoom: Int
    private var current: MappedSegment?
    /// Where the next record goes in `current`.
    private var position = 0
    private var standbys: [MappedSegment] = []
    /// Segments ordered and not taken.
    private var ordered = 0
    /// Bytes promised to ends of what was admitted.
    private var reserved = 0
    /// The value of `touched` at which the thread was last woken.
    private var wokenAt = -1
    private var thread: WorkerThread?

    /// Records that were not written: the policy is `open` and there was no room.
    public private(set) var lost: UInt64 = 0

    /// Opens the journal in `folder`, which exists, with its first segment. A full disk is no error: the journal then begins full.
    ///
    /// - Parameter segmentSize: Bytes of a segment, for tests; else a 64th of `max_bytes`, between 64 KiB and 4 MiB.
    /// - Throws: When the folder cannot be opened or written, the owner has journaled before, or the thread cannot start.
    public convenience init(
        folder: String, owner: JournalOwner, settings: JournalSettings, segmentSize: Int? = nil
    ) throws(JournalError) {
        try self.init(
            folder: folder, owner: owner, settings: settings, segmentSize: segmentSize,
            operations: SystemFileOperations())
    }

    init(
        folder: String, owner: JournalOwner, settings: JournalSettings, segmentSize: Int?,
        operations: any SegmentFileOperations
    ) throws(JournalError) {
        let wished = segmentSize ?? Int(clamping: min(settings.maxBytes / 64, 4 << 20))
        let page = SegmentFormat.headerSize
        let size = min(max(wished, SegmentFormat.minimumSegment), SegmentFormat.maximumSegment) / page * page
        self.keeper = try SegmentKeeper(
            folder: folder, owner: owner, settings: settings, segmentSize: size, operations: operations)
        self.isStrict = settings.isStrict
        self.freshRoom = size - SegmentFormat.frameSize - page - SegmentFormat.maximumRecord
        do throws(JournalError) {
            let first = try self.keeper.make()
            self.current = first
            self.position = page
            self.keeper.advance(to: first, from: nil)
        } catch {
            guard error.isLackOfRoom else { throw error }
            self.orderWhatIsMissing()
        }
        let keeper = self.keeper
        do throws(SystemError) {
            self.thread = try WorkerThread(name: "journal") { keeper.run() }
        } catch {
            throw .system(path: folder, error)
        }
    }

    deinit {
        self.close()
    }

    // MARK: Records

    /// Records that a request is here and reserves the room of its SETTLE.
    public func begin(_ record: BeginRecord) -> Admission {
        self.admit(record, reserving: SettleRecord.reservedSize)
    }

    /// Records how a request ended; `admission` is what its `begin` returned. Call it once for each.
    public func settle(_ record: SettleRecord, _ admission: Admission) {
        if record.trail.count > DecisionTrail.shortSize {
            self.takeWhatIsReady()
            // What others have reserved comes first.
            guard self.hasRoom(SegmentFormat.size(payload: record.payloadSize)) else {
                var short = record
                short.trail = []
                return self.end(short, admission, reserved: SettleRecord.reservedSize)
            }
        }
        self.end(record, admission, reserved: SettleRecord.reservedSize)
    }

    /// Records that a provider is about to be called and reserves the room of the attempt's end and of an orphan's SETTLE.
    public func attempt(_ record: AttemptRecord) -> Admission {
        self.admit(record, reserving: JournalWriter.attemptReserve)
    }

    /// Records how a provider call ended, and with `orphan` also how its request did. `admission` is what its `attempt`
    /// returned. Call it once for each.
    public func attemptEnd(_ record: AttemptEndRecord, _ admission: Admission, orphan: SettleRecord? = nil) {
        self.end(record, admission, reserved: AttemptEndRecord.maximumSize)
        if let orphan {
            self.settle(orphan, admission)
        } else if admission == .recorded {
            self.reserved = max(0, self.reserved - SettleRecord.reservedSize)
        }
    }

    // MARK: State

    /// Syncs to the disk that failed. What was recorded then may be lost with the power, not with the process.
    public var syncErrors: UInt64 { self.keeper.counters.syncErrors.load(ordering: .relaxed) }

    /// Segments that could not be made because the disk refused; each is tried again.
    public var spaceErrors: UInt64 { self.keeper.counters.spaceErrors.load(ordering: .relaxed) }

    /// Bytes in the journals' folder, of all owners, at most a second ago.
    public var folderBytes: UInt64 { self.keeper.counters.folderBytes.load(ordering: .relaxed) }

    /// There is no room for new work now.
    public var isFull: Bool {
        self.takeWhatIsReady()
        return !self.hasRoom(BeginRecord.maximumSize + SettleRecord.reservedSize)
    }

    /// Other settings hold from now on; the size of segments stays.
    public func update(_ settings: JournalSettings) {
        self.isStrict = settings.isStrict
        self.keeper.update(settings)
    }

    /// Syncs, lets the lock go and ends the thread; waits for that. Nothing can be recorded afterwards.
    public func close() {
        guard let thread = self.thread else { return }
        self.thread = nil
        self.keeper.close(unused: self.standbys)
        self.standbys = []
        thread.join()
        self.current = nil
    }

    // MARK: Room

    /// Bytes that records of any sizes can certainly use.
    private var room: Int {
        var room = self.standbys.count * self.freshRoom
        if let current = self.current {
            room += max(0, current.limit - self.position - SegmentFormat.maximumRecord)
        }
        return room
    }

    private func hasRoom(_ bytes: Int) -> Bool { self.room - self.reserved >= bytes }

    private func admit(_ entry: some JournalEntry, reserving reserve: Int) -> Admission {
        self.takeWhatIsReady()
        defer { self.orderWhatIsMissing() }
        guard self.hasRoom(SegmentFormat.size(payload: entry.payloadSize) + reserve), self.append(entry) else {
            guard !self.isStrict else { return .refused }
            self.lost &+= 1
            return .unrecorded
        }
        self.reserved += reserve
        return .recorded
    }

    private func end(_ entry: some JournalEntry, _ admission: Admission, reserved reserve: Int) {
        switch admission {
        case .recorded:
            self.reserved = max(0, self.reserved - reserve)
            if !self.append(entry) { self.lost &+= 1 }
        case .unrecorded:
            self.takeWhatIsReady()
            let size = SegmentFormat.size(payload: entry.payloadSize)
            if !self.hasRoom(size) || !self.append(entry) { self.lost &+= 1 }
        case .refused:
            break
        }
    }

    private func takeWhatIsReady() {
        guard self.keeper.hasNews.load(ordering: .acquiring), self.thread != nil else { return }
        let taken = self.keeper.take()
        self.ordered = max(0, self.ordered - taken.count)
        self.standbys += taken
    }

    /// Orders segments so that beyond what is reserved there is room for a whole one.
    private func orderWhatIsMissing() {
        let missing = self.freshRoom - (self.room - self.reserved)
        guard missing > 0 else { return }
        let needed = (missing + self.freshRoom - 1) / self.freshRoom
        guard needed > self.ordered else { return }
        self.keeper.order(needed - self.ordered)
        self.ordered = needed
    }

    // MARK: Appending

    /// Copies a record to the end of the journal; false when it does not fit.
    private func append(_ entry: some JournalEntry) -> Bool {
        let payload = entry.payloadSize
        let size = SegmentFormat.size(payload: payload)
        guard let segment = self.segment(for: size) else { return false }
        let start = unsafe segment.base + self.position
        unsafe (start + 8).storeBytes(of: type(of: entry).kind.rawValue, as: UInt8.self)
        var encoder = unsafe RecordEncoder(start + 9, count: payload)
        entry.encode(into: &encoder)
        guard encoder.isWhole else {
            // The two halves of a codec disagree: leave no trace of it.
            unsafe (start + 8).initializeMemory(as: UInt8.self, repeating: 0, count: payload + 1)
            return false
        }
        let length = UInt32(truncatingIfNeeded: payload + 1)
        let checksum = unsafe SegmentFormat.checksum(
            seed: segment.seed, length: length, body: UnsafeRawBufferPointer(start: start + 8, count: payload + 1))
        unsafe sluice_store_release(start, SegmentFormat.frame(length: length, checksum: checksum))
        self.position += size
        segment.written.store(self.position, ordering: .releasing)
        let touched = segment.touched.load(ordering: .relaxed)
        if touched - self.position < SegmentKeeper.smallestWindow / 2, touched != self.wokenAt, touched < segment.size {
            self.wokenAt = touched
            self.keeper.wake()
        }
        return true
    }

    /// The segment in which the next `size` bytes go, at `position`.
    private func segment(for size: Int) -> MappedSegment? {
        if let current = self.current, self.position + size <= current.limit { return current }
        if self.standbys.isEmpty { self.takeWhatIsReady() }
        guard self.thread != nil, !self.standbys.isEmpty else { return nil }
        let next = self.standbys.removeFirst()
        self.current?.close(at: self.position)
        self.keeper.advance(to: next, from: self.current)
        self.current = next
        self.position = SegmentFormat.headerSize
        self.wokenAt = -1
        return next
    }
}
