import CJournal
import Glibc
import Platform

/// Reads the records of one segment in order, also while its owner writes it.
///
/// Owns the open file and one buffer of 64 KiB. Reads with pread: a file that somebody cuts short is an end, not a SIGBUS. Believes
/// nothing that no checksum covers. Used from one thread at a time.
public final class SegmentReader {
    /// What comes next in the segment.
    public enum Step: Hashable, Sendable {
        /// A record, and the offset behind it: where a reader that has this one goes on.
        case record(JournalRecord, next: UInt64)
        /// A whole record that this version cannot read, and the offset behind it. What follows can be read; the segment
        /// should be set aside when it is done, not removed.
        case skipped(JournalError, next: UInt64)
        /// Nothing more yet.
        case pending
        /// Everything has been read: the owner went on in its next segment, or is gone.
        case finished
        /// What is here is no record, and its owner is gone: the rest of the segment cannot be read.
        case torn(JournalError)
    }

    /// The same, where the record was shown.
    public enum ShownStep {
        case record(next: UInt64)
        case skipped(JournalError, next: UInt64)
        case pending
        case finished
        case torn(JournalError)
    }

    /// Bytes read at a time; more than any record has.
    private static let bufferSize = 64 * 1024

    public let segment: JournalFolder.Segment
    public let header: SegmentHeader
    /// Where the next record begins.
    public private(set) var offset: UInt64
    private let descriptor: OwnedDescriptor
    private let seed: UInt32
    /// What was read last: `count` bytes from `start` in the file.
    private var buffer = [UInt8](repeating: 0, count: SegmentReader.bufferSize)
    private var start: UInt64 = 0
    private var count = 0

    /// Opens a segment and reads its header.
    ///
    /// - Parameter offset: Where to go on, as a `Step` said; 0 for the beginning.
    /// - Throws: `JournalError.header` for a file that is no segment or another one than its name says, which is final: a segment
    ///   has its name only when its header is whole. `JournalError.record` for an offset outside of it.
    public init(_ segment: JournalFolder.Segment, from offset: UInt64 = 0) throws(JournalError) {
        self.segment = segment
        let path = segment.path
        let descriptor = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        guard descriptor.number >= 0 else { throw .system(path: path, SystemError.last("open")) }
        self.descriptor = descriptor
        var first = [UInt8](repeating: 0, count: SegmentHeader.encodedSize)
        let count = try SegmentReader.read(self.descriptor.number, into: &first, at: 0, path)
        do throws(SegmentHeader.Failure) {
            self.header = try SegmentHeader(decoding: Array(first[..<count]))
        } catch {
            throw .header(path: path, offset: UInt64(error.offset), error.problem)
        }
        let name = SegmentName(
            host: self.header.owner.host, instance: self.header.owner.instance, sequence: self.header.sequence)
        guard name == segment.name else { throw .header(path: path, offset: 12, .contradiction) }
        self.seed = SegmentFormat.seed(nonce: self.header.nonce)
        self.offset = max(offset, UInt64(SegmentFormat.headerSize))
        guard self.offset <= self.header.size, self.offset & 7 == 0 else {
            throw .record(path: path, offset: offset, .short)
        }
    }

    /// Reads the next record.
    ///
    /// - Parameter ownerIsGone: The owner can write nothing more into this segment: it is dead, and was so before this call, or a
    ///   later segment of its own has begun. Then what is no record is torn; else it may just be on its way.
    /// - Throws: `JournalError.system` when the file cannot be read.
    public func next(ownerIsGone: Bool) throws(JournalError) -> Step {
        let copier = RecordCopier()
        switch try self.show(to: copier, ownerIsGone: ownerIsGone) {
        case .record(let next):
            guard let record = copier.record else { return .pending }
            return .record(record, next: next)
        case .skipped(let error, let next): return .skipped(error, next: next)
        case .pending: return .pending
        case .finished: return .finished
        case .torn(let error): return .torn(error)
        }
    }

    /// `next` without a copy of the record, which is shown to `visitor` where there is one.
    public func show(to visitor: any RecordVisitor, ownerIsGone: Bool) throws(JournalError) -> ShownStep {
        let first = self.parse(visitor)
        if case .none = first {} else if let step = self.accept(first) { return step }
        // What the buffer has may be older than what the file has.
        try self.fill(at: self.offset)
        let found = self.parse(visitor)
        if let step = self.accept(found) { return step }
        guard ownerIsGone else { return .pending }
        switch found {
        case .problem(let problem): return .torn(self.error(problem))
        default: return try self.isEnd() ? .finished : .torn(self.error(.gap))
        }
    }

    // MARK: Parsing

    /// What is at `offset` in the buffer.
    private enum Found {
        /// It was shown.
        case record(size: Int)
        case unreadable(JournalError.RecordProblem, size: Int)
        case closed
        /// The length is 0.
        case none
        case problem(JournalError.RecordProblem)
    }

    @inline(__always)
    private func accept(_ found: Found) -> ShownStep? {
        switch found {
        case .record(let size):
            self.offset += UInt64(size)
            return .record(next: self.offset)
        case .unreadable(let problem, let size):
            let error = self.error(problem)
            self.offset += UInt64(size)
            return .skipped(error, next: self.offset)
        case .closed: return .finished
        case .none, .problem: return nil
        }
    }

    private func parse(_ visitor: any RecordVisitor) -> Found {
        guard self.offset >= self.start, self.offset - self.start <= UInt64(self.count) else {
            return .problem(.short)
        }
        let from = Int(self.offset - self.start)
        return unsafe self.buffer.withUnsafeBytes { buffer in
            unsafe self.parse(UnsafeRawBufferPointer(rebasing: buffer[from..<self.count]), visitor)
        }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer, _ visitor: any RecordVisitor) -> Found {
        // Behind the mark that closes a segment is no room for anything.
        guard self.offset + UInt64(SegmentFormat.frameSize) <= self.header.size else { return .problem(.short) }
        guard bytes.count >= SegmentFormat.frameSize else { return .problem(.short) }
        let length = unsafe UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        let checksum = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        if length == 0 { return .none }
        let isClosed = length == SegmentFormat.closed
        let bodySize = isClosed ? 0 : Int(length)
        let size = (SegmentFormat.frameSize + bodySize + 7) & ~7
        guard size <= SegmentFormat.maximumRecord, self.offset + UInt64(size) <= self.header.size else {
            return .problem(.length(length))
        }
        guard bytes.count >= SegmentFormat.frameSize + bodySize else { return .problem(.short) }
        let body = unsafe UnsafeRawBufferPointer(rebasing: bytes[8..<8 + bodySize])
        guard unsafe SegmentFormat.checksum(seed: self.seed, length: length, body: body) == checksum else {
            return .problem(.checksum)
        }
        if isClosed { return .closed }
        do throws(LentRecord.DecodingFailure) {
            try unsafe LentRecord.show(body, to: visitor)
            return .record(size: size)
        } catch {
            switch error {
            case .kind(let kind): return .unreadable(.kind(kind), size: size)
            case .content: return .unreadable(.content, size: size)
            }
        }
    }

    /// Whether nothing at `offset` means that there is nothing more. An owner killed in the middle of an append leaves a part of
    /// one record without length and checksum, which nobody was told of; anything else behind was recorded once.
    private func isEnd() throws(JournalError) -> Bool {
        let from = Int(self.offset - self.start)
        guard self.count - from >= 8, self.buffer[(from + 4)..<(from + 8)].allSatisfy({ $0 == 0 }) else { return false }
        var position = self.offset + UInt64(SegmentFormat.maximumRecord)
        while position < self.header.size {
            try self.fill(at: position)
            if self.count == 0 { return false }  // the file is shorter than it was made
            let isZero = unsafe self.buffer.withUnsafeBytes {
                unsafe sluice_journal_is_zero($0.baseAddress, self.count) == 1
            }
            guard isZero else { return false }
            position += UInt64(self.count)
        }
        return true
    }

    // MARK: Reading

    private func error(_ problem: JournalError.RecordProblem) -> JournalError {
        .record(path: self.segment.path, offset: self.offset, problem)
    }

    private func fill(at position: UInt64) throws(JournalError) {
        self.count = 0
        self.start = position
        self.count = try SegmentReader.read(self.descriptor.number, into: &self.buffer, at: position, self.segment.path)
    }

    /// Fills `bytes` from the file as far as it goes; returns how many came.
    private static func read(
        _ descriptor: Int32, into bytes: inout [UInt8], at position: UInt64, _ path: String
    ) throws(JournalError) -> Int {
        var done = 0
        let room = bytes.count
        while done < room {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done }, room - done, off_t(position) + off_t(done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(path: path, SystemError.last("pread")) }
            if count == 0 { break }
            done += count
        }
        return done
    }
}
