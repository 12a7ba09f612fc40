import CLMDB
import Glibc

/// A table could not do what it was asked for: which file, what LMDB says, whose fault it is and whether trying again can
/// help. Keys and values are never part of it.
public struct KeyValueError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Who has to change something.
    public enum Fault: String, Hashable, Sendable {
        /// Our use of the library.
        case program
        /// The machine: a full disk, a failing one, no memory, no permission.
        case machine
        /// The file: missing, damaged, or no table of ours.
        case file
        /// Another process is in the way.
        case contention
    }

    /// The file.
    public let path: String
    /// What was being done, such as `open` or `commit`.
    public let operation: String
    /// LMDB's code (negative) or an errno value (positive).
    public let code: Int32
    /// What is wrong, in words.
    public let message: String
    /// Where in the file, in bytes from its beginning, when that is known.
    public let offset: Int64?
    /// Whose fault it is.
    public let fault: Fault

    /// An error with LMDB's code or an errno value; the words and the fault follow from it unless they are given.
    public init(
        path: String, operation: String, code: Int32, message: String? = nil, offset: Int64? = nil,
        fault: Fault? = nil
    ) {
        self.path = path
        self.operation = operation
        self.code = code
        self.message = unsafe message ?? String(cString: mdb_strerror(code))
        self.offset = offset
        self.fault = fault ?? Self.fault(of: code)
    }

    /// A file that holds something else than it should, found at `offset`.
    static func damaged(_ path: String, _ what: String, offset: Int64?) -> KeyValueError {
        KeyValueError(
            path: path, operation: "open", code: MDB_CORRUPTED, message: "\(what); the file is left as it is",
            offset: offset, fault: .file)
    }

    /// Whether the file is simply not there.
    public var isMissing: Bool { self.code == ENOENT }

    /// Whether a key to be appended is not greater than all others.
    public var isOutOfOrder: Bool { self.code == MDB_KEYEXIST }

    /// Whether the same call can succeed later without anybody touching the file.
    public var isRetryable: Bool {
        switch self.code {
        case ENOSPC, EDQUOT, EIO, ENOMEM, EAGAIN, EINTR, EMFILE, ENFILE, MDB_READERS_FULL, MDB_MAP_RESIZED,
            MDB_MAP_FULL:
            true
        default: false
        }
    }

    /// One line: the file, the place in it, the matter.
    public var description: String {
        let place = self.offset.map { " at byte \($0)" } ?? ""
        return "\(self.path)\(place): \(self.operation): \(self.message)"
    }

    private static func fault(of code: Int32) -> Fault {
        switch code {
        case MDB_PAGE_NOTFOUND, MDB_CORRUPTED, MDB_VERSION_MISMATCH, MDB_INVALID, MDB_PANIC, MDB_INCOMPATIBLE, ENOENT:
            .file
        case EAGAIN, MDB_READERS_FULL, MDB_MAP_RESIZED: .contention
        case 1..., MDB_MAP_FULL: .machine
        default: .program
        }
    }
}
