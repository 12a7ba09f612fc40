import Foundation
import Testing

@testable import Database

@Suite struct SQLiteDatabaseTests {
    private static let options = SQLiteOptions(busyTimeout: 0, applicationID: 0x534C_5401, erasesDeleted: true)
    private static let schema = [
        Migration(
            version: 1,
            statements: ["CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB, n INTEGER)"])
    ]
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func open(_ options: SQLiteOptions = Self.options, _ migrations: [Migration] = Self.schema) throws
        -> SQLiteDatabase
    {
        try SQLiteDatabase(path: self.folder.file("a.db"), options: options, migrations: migrations)
    }

    private func failure(_ options: SQLiteOptions = Self.options, _ migrations: [Migration] = Self.schema)
        -> DatabaseError?
    {
        do {
            _ = try self.open(options, migrations)
            return nil
        } catch { return error as? DatabaseError }
    }

    @Test func opensWithItsPragmas() throws {
        let database = try self.open()
        #expect(try database.integer("PRAGMA synchronous") == 2)
        #expect(try database.integer("PRAGMA secure_delete") == 1)
        #expect(try database.integer("PRAGMA foreign_keys") == 1)
        #expect(try database.integer("PRAGMA user_version") == 1)
        #expect(try database.integer("PRAGMA application_id") == 0x534C_5401)
        let mode = try database.prepare("PRAGMA journal_mode")
        #expect(try mode.step())
        #expect(mode.text(0) == "wal")
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            let mode = try FileManager.default.attributesOfItem(atPath: self.folder.file(name))[.posixPermissions]
            // Nothing for others; whether the group reads it is the process's mask.
            #expect((mode as? Int).map { $0 & 0o137 } == 0)
        }
    }

    @Test func bindsAndReadsEveryType() throws {
        let database = try self.open()
        // $2 comes first in the text: SQLite numbers it 1.
        let insert = try database.prepare("INSERT INTO t(name, id, data, n) VALUES ($2, $1, $3, $4)")
        #expect(insert.parameterCount == 4)
        let rows: [(Int64, String?, [UInt8]?, Int64?)] = [
            (1, "é\0x", [0, 1, 255], .max), (2, "", [], .min), (3, nil, nil, nil),
        ]
        for row in rows {
            try insert.bind(1, row.0)
            try insert.bind(2, text: row.1)
            try insert.bind(3, blob: row.2)
            try insert.bind(4, row.3)
            try insert.run()
        }
        let select = try database.prepare("SELECT id, name, data, n, typeof(data) FROM t ORDER BY id")
        for row in rows {
            #expect(try select.step())
            #expect(select.integer(0) == row.0)
            #expect(select.optionalText(1) == row.1)
            #expect(select.bytes(2) == row.2 ?? [])
            #expect(select.optionalInteger(3) == row.3)
            #expect(select.text(4) == (row.2 == nil ? "null" : "blob"))
        }
        #expect(try !select.step())
    }

    @Test func lendsAndTakesRawBytes() throws {
        let database = try self.open()
        let insert = try database.prepare("INSERT INTO t(id, name, data) VALUES ($1, $2, $3)")
        let bytes = Array("abc".utf8)
        try insert.bind(1, 1)
        try insert.bind(2, text: bytes)
        try unsafe bytes.withUnsafeBytes { bytes in
            try unsafe insert.lend(3, blob: bytes)
            try insert.run()
        }
        let select = try database.prepare("SELECT name, data FROM t")
        #expect(try select.step())
        #expect(select.bytes(0) == bytes)
        #expect(select.bytes(1) == bytes)
    }

    @Test func refusesParametersThatDoNotExist() throws {
        let database = try self.open()
        let statement = try database.prepare("SELECT $1")
        for number in [0, 2, -1] {
            #expect(throws: DatabaseError.self) { try statement.bind(number, 1) }
        }
        for sql: SQL in ["SELECT $2", "SELECT ?", "SELECT :a", "SELECT 1; SELECT 2", "", "SELECT $1::text"] {
            #expect(throws: DatabaseError.self, "\(sql)") { try database.prepare(sql) }
        }
    }

    @Test func namesADuplicate() throws {
        let database = try self.open()
        let insert = try database.prepare("INSERT INTO t(name) VALUES ($1)")
        try insert.bind(1, text: "a")
        try insert.run()
        let error = #expect(throws: DatabaseError.self) { try insert.run() }
        #expect(error?.isDuplicate == true)
        #expect(error?.fault == .data)
        #expect(error?.isRetryable == false)
        // The statement goes on working.
        try insert.bind(1, text: "b")
        try insert.run()
        #expect(try database.integer("SELECT count(*) FROM t") == 2)
    }

    @Test func undoesATransactionThatThrows() throws {
        let database = try self.open()
        #expect(throws: DatabaseError.self) {
            try database.transaction { () throws(DatabaseError) in
                try database.execute("INSERT INTO t(id) VALUES (1)")
                try database.execute("INSERT INTO t(id) VALUES (1)")
            }
        }
        #expect(!database.isInTransaction)
        #expect(try database.integer("SELECT count(*) FROM t") == 0)
        try database.transaction { () throws(DatabaseError) in try database.execute("INSERT INTO t(id) VALUES (1)") }
        #expect(database.changes == 1)
        #expect(try database.integer("SELECT count(*) FROM t") == 1)
    }

    @Test func saysWhoHoldsUpAWriter() throws {
        let first = try self.open()
        let second = try self.open()
        try first.begin()
        let error = #expect(throws: DatabaseError.self) { try second.begin() }
        #expect(error?.fault == .contention)
        #expect(error?.isRetryable == true)
        // A reader is not held up, and sees only what is committed.
        try first.execute("INSERT INTO t(id) VALUES (1)")
        #expect(try second.integer("SELECT count(*) FROM t") == 0)
        try first.commit()
        #expect(try second.integer("SELECT count(*) FROM t") == 1)
        try second.begin()
        second.rollback()
    }

    @Test func aSecondConnectionLeavesTheLocksOfTheFirst() throws {
        let first = try self.open()
        try first.execute("INSERT INTO t(id) VALUES (1)")
        _ = try self.open()
        // In WAL mode a living connection holds a shared lock on the file: byte range 0x40000002, 510 bytes.
        let script = """
            fcntl, os, struct, sys = map(__import__, ('fcntl', 'os', 'struct', 'sys'))
            fd = os.open(sys.argv[1], os.O_RDWR)
            lock = struct.pack('hhqqi', fcntl.F_WRLCK, 0, 0x40000002, 510, 0)
            print(struct.unpack('hhqqi', fcntl.fcntl(fd, 5, lock))[0])
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, self.folder.file("a.db")]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        // F_RDLCK is 0: somebody has it locked for reading; F_UNLCK would be 2.
        #expect(String(decoding: output, as: UTF8.self) == "0\n")
        #expect(try first.integer("SELECT count(*) FROM t") == 1)
    }

    @Test func readsOnlyWhereAsked() throws {
        var options = Self.options
        options.access = .readOnly
        #expect(self.failure(options)?.fault == .machine)
        let writer = try self.open()
        try writer.execute("INSERT INTO t(id) VALUES (7)")
        let reader = try self.open(options)
        #expect(try reader.integer("SELECT id FROM t") == 7)
        #expect(throws: DatabaseError.self) { try reader.execute("DELETE FROM t") }
    }

    @Test func erasesWhatIsDeleted() throws {
        let database = try self.open()
        let insert = try database.prepare("INSERT INTO t(name) VALUES ($1)")
        try insert.bind(1, text: "canary-canary-canary")
        try insert.run()
        try database.execute("DELETE FROM t")
        try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let text = String(decoding: try self.folder.bytes("a.db"), as: UTF8.self)
        #expect(!text.contains("canary"))
    }

    @Test func migratesForwardOnly() throws {
        do { _ = try self.open() }
        let two =
            Self.schema + [
                Migration(version: 2, statements: ["ALTER TABLE t ADD COLUMN more TEXT", "CREATE TABLE u(x)"])
            ]
        do {
            let database = try self.open(Self.options, two)
            #expect(try database.integer("PRAGMA user_version") == 2)
            #expect(try database.integer("SELECT count(more) FROM t") == 0)
        }
        let error = self.failure()
        #expect(error?.fault == .file)
        #expect(error?.description.contains("schema version 2") == true)
        #expect(error?.description.contains("a.db at byte 60") == true)
        // A step that fails leaves the version before it.
        let broken = two + [Migration(version: 3, statements: ["CREATE TABLE v(x)", "CREATE TABLE u(x)"])]
        #expect(self.failure(Self.options, broken)?.fault == .program)
        let database = try self.open(Self.options, two)
        #expect(try database.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'v'") == 0)
    }

    @Test func leavesADatabaseOfAnotherProgramAlone() throws {
        var foreign = Self.options
        foreign.applicationID = 7
        do { _ = try self.open(foreign) }
        let before = try self.folder.bytes("a.db")
        let error = self.failure()
        #expect(error?.offset == 68)
        #expect(error?.fault == .file)
        #expect(try self.folder.bytes("a.db") == before)
    }

    @Test func insertsFastEnoughForTheAggregator() throws {
        let database = try self.open()
        let insert = try database.prepare("INSERT INTO t(id, name, data, n) VALUES ($1, $2, $3, $4)")
        let blob = [UInt8](repeating: 7, count: 16)
        let duration = try ContinuousClock().measure {
            try database.transaction { () throws(DatabaseError) in
                for id in Int64(0)..<20_000 {
                    try insert.bind(1, id)
                    try insert.bind(2, text: "name-\(id)")
                    try insert.bind(3, blob: blob)
                    try insert.bind(4, id)
                    try insert.run()
                }
            }
        }
        #expect(try database.integer("SELECT count(*) FROM t") == 20_000)
        // A debug build on a busy machine: the bound only finds what is slower by an order of magnitude.
        #expect(duration < .seconds(10))
    }
}
