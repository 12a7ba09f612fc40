import CSQLite

/// A database could not do what it was asked for: which one, what it says, whose fault it is and whether trying again can help. Values
/// bound to statements are never part of it, and no password is.
public struct DatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Who has to change something.
    public enum Fault: String, Hashable, Sendable {
        /// Our SQL or our use of the library.
        case program
        /// The data: a rule of the schema refuses it (a name that is taken, for instance).
        case data
        /// The machine, this or the server's: a full disk, a failing one, no memory, no permission, nobody at the address.
        case machine
        /// The database itself: damaged, none, somebody else's, or of a newer version of the program.
        case file
        /// Another connection holds a lock, or came first.
        case contention
    }

    /// What the database calls the matter.
    public enum Code: Hashable, Sendable {
        /// SQLite's extended result code.
        case sqlite(Int32)
        /// PostgreSQL's SQLSTATE: five digits or capital letters.
        case postgres(SQLState)
    }

    /// The file, or host and database.
    public let name: String
    /// What was being done, such as `open` or `commit`.
    public let operation: String
    public let code: Code
    /// What is wrong, in words.
    public let message: String
    /// Where in the file, in bytes from its beginning, when that is known.
    public let offset: Int64?
    /// Whose fault it is.
    public let fault: Fault
    /// Whether a commit may have happened all the same: the connection was lost before its answer came.
    public let isOutcomeUnknown: Bool

    /// An error with a result code of SQLite; `fault` follows from the code unless it is given.
    public init(
        path: String, operation: String, code: Int32, message: String, offset: Int64? = nil, fault: Fault? = nil
    ) {
        self.name = path
        self.operation = operation
        self.code = .sqlite(code)
        self.message = message
        self.offset = offset
        self.fault = fault ?? Self.fault(of: code)
        self.isOutcomeUnknown = false
    }

    /// An error with a code of PostgreSQL; `fault` follows from the code unless it is given.
    public init(
        server: String, operation: String, state: SQLState, message: String, fault: Fault? = nil,
        isOutcomeUnknown: Bool = false
    ) {
        self.name = server
        self.operation = operation
        self.code = .postgres(state)
        self.message = message
        self.offset = nil
        self.fault = fault ?? state.fault
        self.isOutcomeUnknown = isOutcomeUnknown
    }

    /// What was read of a database is nothing that this program writes.
    public init(contentsOf connection: any DatabaseConnection, _ what: String) {
        let message = "the contents are wrong: \(what)"
        switch connection.product {
        case .sqlite:
            self.init(path: connection.name, operation: "read", code: SQLITE_CORRUPT, message: message)
        case .postgres:
            self.init(server: connection.name, operation: "read", state: .dataCorrupted, message: message)
        }
    }

    /// Whether the same call can succeed later without anybody touching the database: a lock goes away, space comes back, so does the
    /// server. Of a commit with `isOutcomeUnknown` it must be found out first whether it happened.
    public var isRetryable: Bool {
        switch self.code {
        case .sqlite(let code):
            switch code & 0xFF {
            case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM, SQLITE_PROTOCOL: true
            default: false
            }
        case .postgres(let state): state.isRetryable
        }
    }

    /// Whether a UNIQUE or PRIMARY KEY rule refused a row.
    public var isDuplicate: Bool {
        switch self.code {
        // SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE: SQLITE_CONSTRAINT | 6 << 8 and 8 << 8.
        case .sqlite(let code): code == SQLITE_CONSTRAINT | 6 << 8 || code == SQLITE_CONSTRAINT | 8 << 8
        case .postgres(let state): state == .uniqueViolation
        }
    }

    /// Whether the transaction is to be run again from its beginning: it came into the way of another, or its statements were planned for
    /// tables as they were before.
    var asksForAnotherRun: Bool {
        guard case .postgres(let state) = self.code else { return false }
        return state.asksForAnotherRun || self.isStalePlan
    }

    /// Whether a prepared statement must be prepared anew.
    var isStalePlan: Bool {
        switch self.code {
        case .sqlite: false
        case .postgres(let state):
            state == .noSuchStatement || state == .notSupported && self.message.hasPrefix("cached plan")
        }
    }

    /// The same, of a change that may have happened.
    func withUnknownOutcome() -> DatabaseError {
        guard case .postgres(let state) = self.code else { return self }
        return DatabaseError(
            server: self.name, operation: self.operation, state: state,
            message: "\(self.message); whether the change was made is not known", fault: self.fault,
            isOutcomeUnknown: true)
    }

    /// One line: the database, the place in it, the matter.
    public var description: String {
        let place = self.offset.map { " at byte \($0)" } ?? ""
        let code =
            switch self.code {
            case .sqlite(let code): "SQLite \(code)"
            case .postgres(let state): "SQLSTATE \(state)"
            }
        return "\(self.name)\(place): \(self.operation): \(self.message) (\(code))"
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
