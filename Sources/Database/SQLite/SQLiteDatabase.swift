import CSQLite

/// One connection to a SQLite file.
///
/// The file is in WAL mode with `synchronous = FULL`: what a commit returned from is on the disk. Opening examines the file
/// (`DatabaseFile`) and never repairs, replaces or deletes anything. Not for sharing between threads.
public final class SQLiteDatabase: DatabaseConnection {
    private let connection: SQLiteConnection
    private var statements: [SQL: SQLiteStatement] = [:]

    /// The file.
    public var path: String { self.connection.path }
    /// The file.
    public var name: String { self.connection.path }
    public var product: DatabaseProduct { .sqlite }

    /// Opens the file and brings it to the newest of `migrations` (when it may write; else the file must be there already).
    ///
    /// Throws `.file` faults for a damaged file, one of another program, and one newer than the last migration.
    public init(path: String, options: SQLiteOptions, migrations: [Migration] = []) throws(DatabaseError) {
        self.connection = try SQLiteConnection(path: path, access: options.access)
        try DatabaseFile.examine(self.connection)
        try self.execute("PRAGMA busy_timeout = \(options.busyTimeout)")
        try self.execute("PRAGMA trusted_schema = OFF")
        try self.execute("PRAGMA cell_size_check = ON")
        try self.execute("PRAGMA foreign_keys = ON")
        try self.execute("PRAGMA cache_size = -\(options.cacheKiB)")
        if options.access == .readWrite { try self.execute("PRAGMA page_size = \(options.pageSize)") }
        try self.claim(options)
        if options.access == .readWrite {
            try self.execute("PRAGMA journal_mode = WAL")
            try self.execute("PRAGMA synchronous = FULL")
            try self.execute("PRAGMA secure_delete = \(options.erasesDeleted ? "ON" : "OFF")")
        }
        try DatabaseFile.check(self)
        try self.migrate(migrations, writes: options.access == .readWrite)
    }

    /// The file is open.
    public func open() {}

    /// Prepares a statement for repeated use; the caller keeps it.
    public func prepare(_ sql: SQL) throws(DatabaseError) -> SQLiteStatement {
        try SQLiteStatement(sql.text, on: self.connection)
    }

    /// The statement for `sql`, prepared at its first use and kept. One user at a time: it comes reset, its old bindings
    /// in place.
    public func statement(_ sql: SQL) throws(DatabaseError) -> SQLiteStatement {
        if let statement = self.statements[sql] {
            statement.reset()
            return statement
        }
        let statement = try self.prepare(sql)
        self.statements[sql] = statement
        return statement
    }

    /// Runs one statement without parameters once.
    public func execute(_ sql: SQL) throws(DatabaseError) {
        try self.prepare(sql).run()
    }

    /// The first column of the first row of `sql` as an integer; nil when there is no row.
    public func integer(_ sql: SQL) throws(DatabaseError) -> Int64? {
        let statement = try self.prepare(sql)
        return try statement.step() ? statement.integer(0) : nil
    }

    public func forEachRow(
        _ sql: SQL, bind: (any DatabaseStatement) throws(DatabaseError) -> Void,
        _ body: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let statement = try self.prepare(sql)
        defer { statement.reset() }
        try bind(statement)
        while try statement.step() { try body(statement) }
    }

    // MARK: Transactions

    /// Begins a transaction that holds the write lock from here on.
    public func begin() throws(DatabaseError) {
        try self.statement("BEGIN IMMEDIATE").run()
    }

    /// Begins a transaction for several reads of one state of the database.
    public func beginReading() throws(DatabaseError) {
        try self.statement("BEGIN DEFERRED").run()
    }

    /// Makes the transaction last. When it throws, the transaction may still be open: roll it back.
    public func commit() throws(DatabaseError) {
        try self.statement("COMMIT").run()
    }

    /// Undoes the transaction; does nothing when there is none (SQLite ends one itself on some errors).
    public func rollback() {
        guard self.isInTransaction else { return }
        for statement in self.statements.values { statement.reset() }
        // What it could throw leaves the connection in the transaction; the next begin() says so.
        try? self.statement("ROLLBACK").run()
    }

    /// Whether a transaction is open.
    public var isInTransaction: Bool { unsafe sqlite3_get_autocommit(self.connection.pointer) == 0 }

    /// Runs `body` in a transaction with the write lock: committed when it returns, undone when it throws.
    public func transaction<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        try self.begin()
        return try self.completing(body)
    }

    /// Rows the last INSERT, UPDATE or DELETE has changed.
    public var changes: Int64 { unsafe sqlite3_changes64(self.connection.pointer) }

    // MARK: -

    /// Checks whose file it is; marks a new one as ours.
    private func claim(_ options: SQLiteOptions) throws(DatabaseError) {
        let owner = try self.integer("PRAGMA application_id") ?? 0
        guard owner != Int64(options.applicationID) else { return }
        // A file without any content is new, whoever made it.
        guard owner == 0, try self.integer("PRAGMA schema_version") == 0 else {
            throw DatabaseError(
                path: self.path, operation: "open", code: SQLITE_NOTADB,
                message:
                    "this SQLite database belongs to another program (application id \(owner)); it is left as it is",
                offset: 68, fault: .file)
        }
        guard options.access == .readWrite else {
            throw DatabaseError(
                path: self.path, operation: "open", code: SQLITE_CANTOPEN, message: "the database is still empty",
                fault: .file)
        }
        try self.execute("PRAGMA application_id = \(options.applicationID)")
    }

    private func migrate(_ migrations: [Migration], writes: Bool) throws(DatabaseError) {
        let migrations = migrations.steps(of: .sqlite)
        let newest = migrations.last?.version ?? 0
        let present = try self.integer("PRAGMA user_version") ?? 0
        guard present <= Int64(newest) || migrations.isEmpty else {
            throw DatabaseError(
                path: self.path, operation: "open", code: SQLITE_FORMAT,
                message: "the file has schema version \(present), but this program knows versions up to \(newest): "
                    + "a newer Sluice wrote it; it is left as it is",
                offset: 60, fault: .file)
        }
        guard present < Int64(newest) else { return }
        guard writes else {
            throw DatabaseError(
                path: self.path, operation: "open", code: SQLITE_FORMAT,
                message:
                    "the file has the old schema version \(present); its writer brings it to \(newest) at its start",
                offset: 60, fault: .file)
        }
        for migration in migrations where Int64(migration.version) > present {
            try self.transaction { () throws(DatabaseError) in
                // Another connection may have done it since.
                guard try self.integer("PRAGMA user_version") ?? 0 < Int64(migration.version) else { return }
                for sql in migration.statements { try self.execute(sql) }
                try self.execute("PRAGMA user_version = \(migration.version)")
            }
        }
    }
}
