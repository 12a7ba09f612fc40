import Glibc
public import Platform

/// What is wrong with a journal: the kernel refused something, or a file does not hold what it should. Each case names the
/// file; those of its content also the offset.
public enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why a file is no segment that can be read.
    public enum HeaderProblem: Hashable, Sendable {
        /// The file is shorter than a header.
        case short
        /// It does not begin as a journal does.
        case magic
        /// Another version wrote it, in a format that this one does not know.
        case version(UInt32)
        /// A bit of the header is not what was written.
        case checksum
        /// The header is whole and says something impossible, or something else than the file's name.
        case contradiction
    }

    /// Why bytes are no record.
    public enum RecordProblem: Hashable, Sendable {
        /// Longer than any record, or than the segment.
        case length(UInt32)
        /// The file ends within the record.
        case short
        /// A bit of it is not what was written.
        case checksum
        /// Nothing is recorded here, yet something comes behind.
        case gap
        /// A whole record of a kind that this version does not know.
        case kind(UInt8)
        /// A whole record whose members make no sense.
        case content
    }

    case system(path: String, SystemError)
    case header(path: String, offset: UInt64, HeaderProblem)
    case record(path: String, offset: UInt64, RecordProblem)

    /// The disk or the process has come to a limit, or the disk fails: may be over in a moment, unlike a folder that may not
    /// be written.
    var isLackOfRoom: Bool {
        guard case .system(_, let error) = self else { return false }
        return [ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN].contains(error.code)
    }

    public var description: String {
        switch self {
        case .system(let path, let error): "\(path): \(error)"
        case .header(let path, let offset, let problem): "\(path), byte \(offset): not a journal header (\(problem))"
        case .record(let path, let offset, let problem): "\(path), byte \(offset): not a journal record (\(problem))"
        }
    }
}
