import DatabaseTestSupport
import Domain
import Synchronization
import Testing

@testable import Database

@Suite(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
struct PostgresConnectionTests {
    private static let schema = [
        Migration(version: 4, statements: ["CREATE TABLE t(id BIGINT PRIMARY KEY, name TEXT, data BYTEA, n INTEGER)"])
    ]
    /// A clock that a test can put on.
    private final class Clock: Sendable {
        private let ahead = Mutex<UInt64>(0)

        var timing: PostgresTiming {
            let system = PostgresTiming.system
            return PostgresTiming(
                now: { system.now() + self.ahead.withLock { $0 } }, random: system.random, sleep: system.sleep)
        }

        func leap() { self.ahead.withLock { $0 += ReconnectBackoff.longest } }
    }

    private let server: TestPostgres
    private let database: PostgresConnection
    private let clock = Clock()

    init() throws {
        self.server = try TestPostgres()
        self.database = PostgresConnection(
            self.server.options(), migrations: Self.schema, timing: self.clock.timing)
    }

    /// Ends the session of a connection from outside.
    private func end(_ connection: PostgresConnection) throws {
        let pid = try #require(try connection.integer("SELECT pg_backend_pid()"))
        let other = self.server.connection()
        #expect(try other.integer("SELECT pg_terminate_backend(\(pid))") == 1)
        while try other.integer("SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid)") != 0 {}
    }

    /// Soon after a connection was made the backoff has the next one wait for up to a tenth of a second.
    private func reopen() throws {
        self.clock.leap()
        try self.database.open()
    }

    // MARK: Values

    @Test func textsAndNumbersThatDoNotFitAreRefused() throws {
        let insert = try self.database.statement("INSERT INTO t(id, name, data, n) VALUES ($1, $2, $3, $4)")
        try insert.bind(1, 1)
        try insert.bind(2, text: "a\u{0}b")
        let nul = #expect(throws: DatabaseError.self) { try insert.run() }
        #expect(nul?.fault == .data)
        try insert.bind(2, text: [0xFF, 0xFE])
        let broken = #expect(throws: DatabaseError.self) { try insert.run() }
        #expect(broken?.fault == .data && broken?.description.contains("ff") == false)
        try insert.bind(2, text: "a")
        try insert.bind(4, Int64(Int32.max) + 1)
        #expect(throws: DatabaseError.self) { try insert.run() }
        try insert.bind(4, 5)
        try insert.bind(1, blob: [1])
        let kind = #expect(throws: DatabaseError.self) { try insert.run() }
        #expect(kind?.fault == .program)
        try insert.bind(1, 1)
        try insert.run()
        #expect(try self.database.integer("SELECT sum(n) FROM t") == 5)
        #expect(try self.database.integer("SELECT -9223372036854775808.0") == .min)
        #expect(try self.database.integer("SELECT 12345678901234.99") == 12_345_678_901_234)
        #expect(try self.database.integer("SELECT CAST(-2.5 AS DOUBLE PRECISION)") == -2)
        for sql: SQL in ["SELECT 9223372036854775808", "SELECT 1e30", "SELECT CAST('NaN' AS NUMERIC)"] {
            let error = #expect(throws: DatabaseError.self) { try self.database.integer(sql) }
            #expect(error?.fault == .data)
        }
        #expect(throws: DatabaseError.self) { try self.database.statement("SELECT 1").bind(0, 1) }
        let none = try self.database.statement("SELECT 1")
        try none.bind(1, 1)
        #expect(throws: DatabaseError.self) { try none.run() }
    }

    @Test func preparedStatementsOutliveWhatTheyWerePreparedFor() throws {
        try self.database.execute("INSERT INTO t(id) VALUES (1)")
        let select = try self.database.statement("SELECT * FROM t")
        #expect(try select.step())
        select.reset()
        try self.server.connection().execute("ALTER TABLE sluice_test.t ADD COLUMN more BIGINT")
        #expect(try select.step())
        select.reset()
        try self.database.execute("DEALLOCATE ALL")
        #expect(try select.step())
        select.reset()
        try self.server.connection().execute("ALTER TABLE sluice_test.t ADD COLUMN yet BIGINT")
        let rows = try self.database.transaction { () throws(DatabaseError) in
            try select.step() ? select.integer(0) : 0
        }
        #expect(rows == 1)
    }

    // MARK: Connections

    @Test func aLostConnectionIsMadeAgain() throws {
        let insert = try self.database.statement("INSERT INTO t(id) VALUES ($1)")
        try insert.bind(1, 1)
        try insert.run()
        try self.end(self.database)
        self.clock.leap()
        try insert.bind(1, 2)
        try insert.run()
        try self.end(self.database)
        try self.reopen()
        #expect(
            try self.database.transaction { () throws(DatabaseError) in
                try self.database.integer("SELECT count(*) FROM t")
            } == 2)
    }

    @Test func aTransactionThatLosesItsConnectionIsUndone() throws {
        var error: DatabaseError?
        try self.database.begin()
        try self.database.execute("INSERT INTO t(id) VALUES (1)")
        try self.end(self.database)
        for _ in 0..<2 {
            error = #expect(throws: DatabaseError.self) { try self.database.execute("INSERT INTO t(id) VALUES (2)") }
            #expect(error?.isRetryable == true && error?.isOutcomeUnknown == false)
        }
        self.database.rollback()
        try self.reopen()
        #expect(try self.database.integer("SELECT count(*) FROM t") == 0)
    }

    @Test func aPieceThatFailsWhileAnotherIsReadFails() throws {
        let rows: SQL = "SELECT 1 / (1500 - n) FROM generate_series(1, 3000) n"
        var count = 0
        let error = #expect(throws: DatabaseError.self) {
            try self.database.forEachRow(rows) { (_) throws(DatabaseError) in count += 1 }
        }
        // 22012: division by zero.
        #expect(count == 1000 && error?.code == SQLState("22012".utf8).map { .postgres($0) })
        #expect(!self.database.isInTransaction)
        // Another statement hears of it first.
        let early = #expect(throws: DatabaseError.self) {
            try self.database.forEachRow(rows) { (_) throws(DatabaseError) in
                _ = try self.database.integer("SELECT 1")
            }
        }
        #expect(early?.code == error?.code)
        #expect(!self.database.isInTransaction)
        #expect(try self.database.integer("SELECT count(*) FROM t") == 0)
    }

    @Test func aConnectionThatIsLostBetweenTwoPiecesIsMadeAgain() throws {
        var count = 0
        let error = #expect(throws: DatabaseError.self) {
            try self.database.forEachRow("SELECT repeat('x', 9000) FROM generate_series(1, 30000)") {
                (row) throws(DatabaseError) in
                count += 1
                if count == 1500 { _ = try self.database.integer("SELECT pg_terminate_backend(pg_backend_pid())") }
            }
        }
        #expect(count == 1500 && error?.isRetryable == true && !self.database.isInTransaction)
        try self.reopen()
        count = 0
        try self.database.forEachRow("SELECT 1 FROM generate_series(1, 2001)") { (_) throws(DatabaseError) in count += 1
        }
        #expect(count == 2001)
    }

    @Test func aCommitThatIsNotAnsweredSaysSo() throws {
        // The commit waits for a trigger, during which the session is ended.
        try self.database.execute(
            """
            CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'
            """)
        try self.database.execute(
            "CREATE CONSTRAINT TRIGGER w AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()"
        )
        let pid = try #require(try self.database.integer("SELECT pg_backend_pid()"))
        let address = self.server.address
        let ended = Mutex(false)
        let thread = Thread.start {
            let other = PostgresConnection(PostgresOptions(address: address, schema: "sluice_test"))
            while (try? other.integer("SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid) AND query = 'COMMIT'"))
                != 1
            {}
            _ = try? other.integer("SELECT pg_terminate_backend(\(pid))")
            ended.withLock { $0 = true }
        }
        let error = #expect(throws: DatabaseError.self) {
            try self.database.transaction { () throws(DatabaseError) in
                try self.database.execute("INSERT INTO t(id) VALUES (1)")
            }
        }
        thread.join()
        #expect(ended.withLock { $0 } && error?.isOutcomeUnknown == true && error?.isRetryable == true)
        #expect(error?.description.contains("is not known") == true)
    }

    @Test func theServersTimeoutsHold() throws {
        var options = self.server.options()
        options.statementTimeout = 100
        options.lockTimeout = 50
        let database = PostgresConnection(options)
        let slow = #expect(throws: DatabaseError.self) { try database.integer("SELECT 1 FROM pg_sleep(30)") }
        #expect(slow?.fault == .contention && slow?.isRetryable == true)
        try self.database.begin()
        try self.database.execute("LOCK TABLE t")
        let locked = #expect(throws: DatabaseError.self) { try database.integer("SELECT count(*) FROM t") }
        #expect(locked?.code == .postgres(.lockNotAvailable) && locked?.fault == .contention)
        self.database.rollback()
        #expect(try database.integer("SELECT count(*) FROM t") == 0)
    }

    /// A server that is stopped, or a network that drops everything: no FIN, no answer.
    @Test func aServerThatSaysNothingIsGivenUp() throws {
        let deaf = try DeafServer()
        var address = self.server.address
        address.host = "127.0.0.1"
        address.port = deaf.port
        address.connectTimeout = 1
        let clock = ContinuousClock()
        let started = clock.now
        let database = PostgresConnection(PostgresOptions(address: address, schema: "sluice_test"))
        let error = #expect(throws: DatabaseError.self) { try database.open() }
        #expect(error?.isRetryable == true && error?.fault == .machine)
        #expect(clock.now - started < .seconds(3))
        // At once, as the backoff waits.
        let again = #expect(throws: DatabaseError.self) { try database.integer("SELECT 1") }
        #expect(again?.description.contains("the next try is in") == true)
        // And in the middle of a conversation: the statement timeout of the server is turned off behind our back.
        var options = self.server.options()
        options.statementTimeout = 100
        options.grace = 100
        let patient = PostgresConnection(options)
        try patient.execute("SET statement_timeout = 0")
        let silent = #expect(throws: DatabaseError.self) { try patient.integer("SELECT 1 FROM pg_sleep(30)") }
        #expect(silent?.description.contains("says nothing") == true)
        #expect(clock.now - started < .seconds(10))
    }

    @Test func refusalsAreClearAndHoldNoPassword() throws {
        var wrong = self.server.address
        wrong.password = Secret(Array("a-wrong-password".utf8))
        let password = #expect(throws: DatabaseError.self) {
            try PostgresConnection(PostgresOptions(address: wrong, schema: "s")).open()
        }
        #expect(password?.code == .postgres(try #require(SQLState("28P01".utf8))))
        #expect(password?.fault == .machine && password?.isRetryable == true)
        #expect(password?.description.contains("a-wrong-password") == false)
        var none = self.server.address
        none.database = "there_is_none"
        let missing = #expect(throws: DatabaseError.self) {
            try PostgresConnection(PostgresOptions(address: none, schema: "s")).open()
        }
        #expect(missing?.code == .postgres(try #require(SQLState("3D000".utf8))))
        var nobody = self.server.address
        nobody.port = 1
        let refused = #expect(throws: DatabaseError.self) {
            try PostgresConnection(PostgresOptions(address: nobody, schema: "s")).open()
        }
        #expect(refused?.code == .postgres(.cannotConnect) && refused?.isRetryable == true)
    }

    // MARK: Transactions

    @Test func conflictsRunAgain() throws {
        try self.database.execute("INSERT INTO t(id, n) VALUES (1, 0)")
        let options = self.server.options()
        let threads = (0..<4).map { _ in
            Thread.start {
                let database = PostgresConnection(options)
                for _ in 0..<25 {
                    try? database.transaction { () throws(DatabaseError) in
                        let n = try database.integer("SELECT n FROM t WHERE id = 1") ?? 0
                        try database.execute("UPDATE t SET n = \(n + 1) WHERE id = 1")
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(try self.database.integer("SELECT n FROM t WHERE id = 1") == 100)
    }

    @Test func aConflictWithoutEndIsAnErrorThatSaysSo() throws {
        var options = self.server.options()
        options.runs = 3
        let database = PostgresConnection(options)
        var runs = 0
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction { () throws(DatabaseError) in
                runs += 1
                throw DatabaseError(server: "x", operation: "step", state: .serializationFailure, message: "x")
            }
        }
        #expect(runs == 3 && error?.fault == .contention && error?.isRetryable == true)
    }

    // MARK: Many rows, notifications, migrations

    @Test func manyRowsAreCopied() throws {
        let count: Int64 = 20_000
        let written = try self.database.copy(into: "t (id, name, data)", columns: 3) { (rows) throws(DatabaseError) in
            for id in 0..<count {
                try rows.beginRow()
                try rows.integer(id)
                try rows.text(id % 3 == 0 ? nil : Array("name \(id)".utf8))
                try rows.bytes([UInt8](repeating: UInt8(truncatingIfNeeded: id), count: Int(id % 100)))
            }
        }
        #expect(written == count)
        #expect(try self.database.integer("SELECT sum(length(data)) FROM t") == 20_000 / 100 * 4950)
        #expect(try self.database.integer("SELECT count(*) FROM t WHERE name IS NULL") == 6667)
        // Refused as a whole: a row that is there already, one that is short, an error of the caller.
        for kind in 0..<3 {
            #expect(throws: DatabaseError.self) {
                try self.database.copy(into: "t (id, name)", columns: 2) { (rows) throws(DatabaseError) in
                    try rows.beginRow()
                    try rows.integer(100_000)
                    try rows.null()
                    try rows.beginRow()
                    try rows.integer(0)
                    if kind == 0 { try rows.null() }
                    if kind == 1 { throw DatabaseError(contentsOf: self.database, "x") }
                }
            }
            #expect(try self.database.integer("SELECT count(*) FROM t") == count)
        }
    }

    @Test func notificationsCome() throws {
        try self.database.listen("changes")
        #expect(try self.database.notifications() == [])
        let other = self.server.connection()
        for _ in 0..<3 { try other.execute("NOTIFY changes") }
        var seen: [String] = []
        for _ in 0..<100 where seen.isEmpty {
            self.database.waitForNotification(milliseconds: 100)
            seen = try self.database.notifications()
        }
        #expect(seen == ["changes"])
        #expect(try #require(self.database.descriptor) >= 0)
        // On a new link as well, and nothing can be missed in between.
        try self.end(self.database)
        try self.reopen()
        #expect(try self.database.notifications() == ["changes"])
        #expect(try self.database.notifications() == [])
        try other.execute("NOTIFY changes")
        for _ in 0..<100 where try self.database.notifications().isEmpty {
            self.database.waitForNotification(milliseconds: 100)
        }
    }

    @Test func manyMigrateAtOnce() throws {
        let server = try TestPostgres()
        let options = server.options(schema: "other")
        let failures = Mutex<[String]>([])
        let steps = [
            Migration(
                version: 4, on: .postgres, statements: ["CREATE TABLE once(x BIGINT)", "INSERT INTO once VALUES (1)"]),
            Migration(version: 5, statements: ["INSERT INTO once VALUES (2)"]),
        ]
        let threads = (0..<6).map { _ in
            Thread.start {
                do {
                    try PostgresConnection(options, migrations: steps).open()
                } catch { failures.withLock { $0.append("\(error)") } }
            }
        }
        for thread in threads { thread.join() }
        #expect(failures.withLock { $0 } == [])
        let database = PostgresConnection(options, migrations: steps)
        #expect(try database.integer("SELECT count(*) FROM once") == 2)
        #expect(try database.integer("SELECT version FROM schema_version") == 5)
    }
}
