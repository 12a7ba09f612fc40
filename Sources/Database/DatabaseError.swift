import CSQLite

/// A database could not do what it was asked for: which file, what SQLite says, whose fault it is and whether trying
/// again can help. Values bound to statements are never part of it.
public struct DatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Who has to change something.
    public enum Fault: String, Hashable, Sendable {
        /// Our SQL or our use of the library.
        case program
        /// The data: a rule of the schema refuses it (a name that is taken, for instance).
        case data
        /// The machine: a full disk, a failing one, no memory, no permission.
        case machine
        /// The file: damaged, no database, somebody else's, or of a newer version of the program.
        case file
        /// Another process holds the database's lock.
        case contention
    }

    /// The file.
    public let path: String
    /// What was being done, such as `open` or `commit`.
    public let operation: String
    /// SQLite's extended result code.
    public let code: Int32
    /// What is wrong, in words.
    public let message: String
    /// Where in the file, in bytes from its beginning, when that is known.
    public let offset: Int64?
    /// Whose fault it is.
    public let fault: Fault

    /// An error with a result code of SQLite; `fault` follows from the code unless it is given.
    public init(
        path: String, operation: String, code: Int32, message: String, offset: Int64? = nil, fault: Fault? = nil
    ) {
        self.path = path
        self.operation = operation
        self.code = code
        self.message = message
        self.offset = offset
        self.fault = fault ?? Self.fault(of: code)
    }

    /// Whether the same call can succeed later without anybody touching the file: a lock goes away, space comes back.
    public var isRetryable: Bool {
        switch self.code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM, SQLITE_PROTOCOL: true
        default: false
        }
    }

    /// Whether a UNIQUE or PRIMARY KEY rule refused a row.
    public var isDuplicate: Bool {
        // SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE: SQLITE_CONSTRAINT | 6 << 8 and 8 << 8.
        self.code == SQLITE_CONSTRAINT | 6 << 8 || self.code == SQLITE_CONSTRAINT | 8 << 8
    }

    /// One line: the file, the place in it, the matter.
    public var description: String {
        let place = self.offset.map { " at byte \($0)" } ?? ""
        return "\(self.path)\(place): \(self.operation): \(self.message) (SQLite \(self.code))"
    }

    private static func fault(of code: Int32) -> Fault {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .contention
        case SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH:
            .machine
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: .file
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH: .data
        default: .program
        }
    }
}
