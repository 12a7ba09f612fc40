import CPostgres

/// One connection to a PostgreSQL database.
///
/// It connects at its first use, and again when it was lost, outside of transactions; while that fails, calls fail at once but for one try in
/// each interval of the backoff. Every new link is told the timeouts and the schema, and brings the schema to the newest of the migrations.
/// No call waits much longer than the statement timeout, whatever the server does. Not for sharing between threads.
public final class PostgresConnection: DatabaseConnection {
    let session: PostgresSession
    private var statements: [SQL: PostgresStatement] = [:]
    /// The channels that are listened to, and those of them that are to be reported as if something had come.
    private let channels: PostgresChannels
    /// Cursors that were opened; each has a name of its own.
    var cursors: UInt64 = 0

    public var product: DatabaseProduct { .postgres }
    /// `PostgreSQL host:port/database`.
    public var name: String { self.session.name }

    /// Does not connect yet.
    public convenience init(
        _ options: PostgresOptions, migrations: [Migration] = [], timing: PostgresTiming = .system
    ) {
        self.init(options, migrations: migrations, timing: timing, hosts: .shared)
    }

    init(_ options: PostgresOptions, migrations: [Migration] = [], timing: PostgresTiming, hosts: HostLookup) {
        let steps = migrations.steps(of: .postgres)
        let channels = PostgresChannels()
        self.channels = channels
        self.session = PostgresSession(options, timing, hosts) { session, link throws(DatabaseError) in
            try session.simple("connect", Self.settings(options), on: link)
            if !steps.isEmpty { try PostgresSchema(options.schema, steps).bring(session, link) }
            for channel in channels.listened { try session.simple("listen", "LISTEN \(channel)", on: link) }
            // What was said meanwhile nobody has heard.
            channels.missed = channels.listened
        }
    }

    /// Connects where there is no connection.
    public func open() throws(DatabaseError) {
        _ = try self.session.ready("open")
    }

    /// Ends the connection; the next call makes a new one.
    public func close() {
        self.session.drop()
    }

    private static func settings(_ options: PostgresOptions) -> SQL {
        """
        SET statement_timeout = \(options.statementTimeout); SET lock_timeout = \(options.lockTimeout);
        SET idle_in_transaction_session_timeout = \(options.idleTransactionTimeout);
        SET client_min_messages = warning; SET search_path = \(options.schema)
        """
    }

    // MARK: Statements

    public func statement(_ sql: SQL) throws(DatabaseError) -> PostgresStatement {
        if let statement = self.statements[sql] {
            statement.reset()
            return statement
        }
        let statement = PostgresStatement(sql, self.session)
        self.statements[sql] = statement
        return statement
    }

    public func execute(_ sql: SQL) throws(DatabaseError) {
        let link = try self.session.ready("execute")
        do throws(DatabaseError) {
            // Not the simple protocol: that takes several statements.
            _ = unsafe try self.session.run("execute", on: link) {
                unsafe PQsendQueryParams($0, sql.text, 0, nil, nil, nil, nil, 1)
            }
        } catch {
            throw link.isDead && !self.session.isInTransaction ? error.withUnknownOutcome() : error
        }
    }

    public func integer(_ sql: SQL) throws(DatabaseError) -> Int64? {
        let link = try self.session.ready("step")
        let result = unsafe try self.session.run("step", on: link) {
            unsafe PQsendQueryParams($0, sql.text, 0, nil, nil, nil, nil, 1)
        }
        guard result.rows > 0 else { return nil }
        if result.wrongColumn(0) == 0 {
            throw DatabaseError(
                server: self.name, operation: "step", state: .outOfRange, message: "the value is no integer of 64 bits")
        }
        return result.integer(0, 0) ?? 0
    }

    /// Rows that the last command has changed.
    public var changes: Int64 { self.session.changes }

    // MARK: Transactions

    public var isInTransaction: Bool { self.session.isInTransaction }

    /// Begins a transaction that may write.
    public func begin() throws(DatabaseError) {
        switch self.session.options.isolation {
        case .serializable: try self.begin("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE")
        case .readCommitted: try self.begin("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        }
    }

    public func beginReading() throws(DatabaseError) {
        try self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    private func begin(_ sql: SQL) throws(DatabaseError) {
        guard !self.session.isInTransaction else {
            throw DatabaseError(
                server: self.name, operation: "begin", state: .misuse, message: "a transaction is open already")
        }
        let link = try self.session.ready("begin")
        do throws(DatabaseError) {
            try self.session.simple("begin", sql, on: link)
        } catch {
            guard link.isDead else { throw error }
            // Nothing has happened yet: what was lost between two transactions is made again here, if the backoff lets it.
            try self.session.simple("begin", sql, on: try self.session.ready("begin"))
        }
        self.session.isInTransaction = true
    }

    public func commit() throws(DatabaseError) {
        let link = try self.session.ready("commit")
        for statement in self.statements.values { statement.reset() }
        let result: PostgresResult
        do throws(DatabaseError) {
            result = unsafe try self.session.run("commit", on: link) { unsafe PQsendQuery($0, "COMMIT") }
        } catch {
            throw link.isDead ? error.withUnknownOutcome() : error
        }
        self.session.isInTransaction = false
        guard result.tag == "COMMIT" else {
            throw DatabaseError(
                server: self.name, operation: "commit", state: .misuse,
                message: "a statement before had failed, so the transaction is undone")
        }
    }

    public func rollback() {
        for statement in self.statements.values { statement.reset() }
        guard self.session.isInTransaction else { return }
        if let link = self.session.current, !link.isDead, link.isInTransaction {
            link.endAhead("rollback", deadline: self.session.deadline)
            // A link whose transaction cannot be ended is ended itself.
            do throws(DatabaseError) {
                try self.session.simple("rollback", "ROLLBACK", on: link)
            } catch { self.session.drop() }
        }
        self.session.isInTransaction = false
    }

    public func transaction<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        var run = 1
        while true {
            // Where one is open already it is the caller's, and stays.
            try self.begin()
            do throws(DatabaseError) {
                return try self.completing(body)
            } catch {
                guard error.asksForAnotherRun, run < self.session.options.runs else { throw error }
            }
            // The others of a conflict come at other times: up to 2, 4, 8 … 64 ms.
            let longest = UInt64(2) << UInt64(min(run - 1, 5))
            self.session.timing.sleep(self.session.timing.random() % (longest + 1))
            run += 1
        }
    }

    // MARK: Notifications

    /// Listens to a channel from here on, on every link.
    public func listen(_ channel: SQL) throws(DatabaseError) {
        guard !self.channels.listened.contains(channel) else { return }
        let link = try self.session.ready("listen")
        // A link that was made just now listens already to those that are known.
        try self.session.simple("listen", "LISTEN \(channel)", on: link)
        self.channels.listened.append(channel)
    }

    /// The channels that something was said in since the last call, each once; makes a lost connection again, and says then every channel, as
    /// nobody knows what was missed. Does not wait, but for a connection that is made.
    public func notifications() throws(DatabaseError) -> [String] {
        let link = try self.session.ready("notifications")
        var channels = link.takeNotifications()
        channels += self.channels.missed.map(\.text)
        self.channels.missed = []
        return channels.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Waits up to `milliseconds` until something comes from the server.
    public func waitForNotification(milliseconds: UInt64) {
        guard let link = self.session.current, !link.isDead else { return self.session.timing.sleep(milliseconds) }
        _ = link.wait(PostgresLink.readable, self.session.timing.now() &+ milliseconds)
    }

    /// For epoll: readable when notifications may have come, or when the connection is lost; nil without one. Another one after a reconnect.
    public var descriptor: Int32? {
        self.session.current.flatMap { $0.isDead || $0.descriptor < 0 ? nil : $0.descriptor }
    }
}
