import Database
import DatabaseTestSupport
import Testing

/// What is promised of every connection, on both products.
@Suite struct BothDatabasesTests {
    private static let schema = [
        Migration(
            version: 1,
            statements: [
                "CREATE TABLE t(id BIGINT PRIMARY KEY, name TEXT, data BYTEA, n BIGINT)",
                "CREATE TABLE u(id BIGINT PRIMARY KEY, t BIGINT REFERENCES t(id))",
            ])
    ]

    private let held = Held()

    /// Until the test is over.
    private final class Held {
        var databases: [AnyTestDatabase] = []
    }

    private func open(_ product: Product) throws -> (AnyTestDatabase, any DatabaseConnection) {
        let database = try AnyTestDatabase(product)
        self.held.databases.append(database)
        let connection = try database.connect(Self.schema)
        // PostgreSQL connects, and makes its tables, when it is asked for something.
        _ = try connection.integer("SELECT 1")
        return (database, connection)
    }

    @Test(arguments: Product.present) func bindsByNumberAndReadsBack(_ product: Product) throws {
        let (_, database) = try self.open(product)
        let insert = try database.statement("INSERT INTO t(name, id, data, n) VALUES ($2, $1, $3, $4)")
        let blob = (0...255).map { UInt8($0) }
        let rows: [(Int64, String?, [UInt8]?, Int64?)] = [
            (.min, "", [], 0), (-1, "äöü 日本 🐟 ' \" \\ \\x00", blob, .max), (.max, nil, nil, nil),
            (7, "a\nb", [0], .min),
        ]
        for row in rows {
            try insert.bind(1, row.0)
            try insert.bind(2, text: row.1)
            try insert.bind(3, blob: row.2)
            try insert.bind(4, row.3)
            try insert.run()
            #expect(database.changes == 1)
        }
        let select = try database.statement("SELECT id, name, data, n FROM t ORDER BY id")
        for row in rows.sorted(by: { $0.0 < $1.0 }) {
            #expect(try select.step())
            #expect(select.integer(0) == row.0)
            #expect(select.optionalText(1) == row.1)
            #expect(select.isNull(2) == (row.2 == nil) && select.bytes(2) == row.2 ?? [])
            #expect(select.optionalInteger(3) == row.3)
        }
        #expect(try !select.step())
    }

    @Test(arguments: Product.present) func functionsGiveIntegers(_ product: Product) throws {
        let (_, database) = try self.open(product)
        try database.execute("INSERT INTO t(id, n) VALUES (1, 5), (2, 6), (3, NULL)")
        #expect(try database.integer("SELECT count(*) FROM t") == 3)
        #expect(try database.integer("SELECT sum(n) FROM t") == 11)
        #expect(try database.integer("SELECT coalesce(sum(n), 0) FROM t WHERE id > 5") == 0)
        #expect(try database.integer("SELECT EXISTS (SELECT 1 FROM t)") == 1)
        #expect(try database.integer("SELECT n FROM t WHERE id = 3") == 0)
        #expect(try database.integer("SELECT n FROM t WHERE id = 4") == nil)
        let returning = try database.statement("UPDATE t SET n = n + 1 WHERE id = $1 RETURNING n")
        try returning.bind(1, 2)
        #expect(try returning.step() && returning.integer(0) == 7)
        try returning.run()
        #expect(try database.integer("SELECT n FROM t WHERE id = 2") == 7)
    }

    @Test(arguments: Product.present) func aParameterThatIsAskedForNullIsCast(_ product: Product) throws {
        let (_, database) = try self.open(product)
        try database.execute("INSERT INTO t(id, name, data) VALUES (1, 'a', NULL), (2, 'b', NULL)")
        let select = try database.statement(
            """
            SELECT id FROM t WHERE (CAST($1 AS TEXT) IS NULL OR name > $1) AND (CAST($2 AS BYTEA) IS NULL OR data > $2)
            ORDER BY id LIMIT $3
            """)
        for (after, found) in [(nil, 1), ("a", 2)] as [(String?, Int64)] {
            select.reset()
            try select.bind(1, text: after)
            try select.bindNull(2)
            try select.bind(3, 1)
            #expect(try select.step() && select.integer(0) == found)
        }
        select.reset()
    }

    @Test(arguments: Product.present) func twoStatementsRunInTurns(_ product: Product) throws {
        let (_, database) = try self.open(product)
        try database.execute("INSERT INTO t(id, n) VALUES (1, 10), (2, 20)")
        let outer = try database.statement("SELECT id FROM t ORDER BY id")
        var sum: Int64 = 0
        while try outer.step() {
            let inner = try database.statement("SELECT n FROM t WHERE id = $1")
            try inner.bind(1, outer.integer(0))
            #expect(try inner.step())
            sum += inner.integer(0)
            inner.reset()
        }
        #expect(sum == 30)
    }

    @Test(arguments: Product.present) func everyRowComesInPieces(_ product: Product) throws {
        let (_, database) = try self.open(product)
        try database.transaction { () throws(DatabaseError) in
            let insert = try database.statement("INSERT INTO t(id, n) VALUES ($1, $2)")
            for id in 1...2500 {
                try insert.bind(1, Int64(id))
                try insert.bind(2, Int64(id) * 3)
                try insert.run()
            }
        }
        var ids: [Int64] = []
        var inner: Int64 = 0
        try database.forEachRow(
            "SELECT id, n FROM t WHERE id > $1 ORDER BY id",
            bind: { (statement) throws(DatabaseError) in try statement.bind(1, 500) },
            { (row) throws(DatabaseError) in
                ids.append(row.integer(0))
                if ids.count % 500 == 0 { inner += try database.integer("SELECT count(*) FROM t") ?? 0 }
            })
        #expect(ids == Array(501...2500) && inner == 10_000)
        #expect(!database.isInTransaction)
        for count: SQL in ["0", "1", "1000", "2000"] {
            var rows = 0
            try database.transaction { () throws(DatabaseError) in
                rows = 0
                try database.forEachRow("SELECT id FROM t WHERE id <= \(count)") { (_) throws(DatabaseError) in
                    rows += 1
                }
            }
            #expect("\(rows)" == count.text)
        }
        // One within another, both of several pieces.
        var pairs: Int64 = 0
        try database.forEachRow("SELECT id FROM t WHERE id % 600 = 0 OR id > 1400") { (row) throws(DatabaseError) in
            guard row.integer(0) % 600 == 0 else { return }
            try database.forEachRow("SELECT id FROM t") { (_) throws(DatabaseError) in pairs += 1 }
        }
        #expect(pairs == 4 * 2500)
        #expect(throws: DatabaseError.self) {
            try database.forEachRow("SELECT id FROM t") { (row) throws(DatabaseError) in
                throw DatabaseError(contentsOf: database, "enough")
            }
        }
        #expect(!database.isInTransaction)
        #expect(try database.integer("SELECT count(*) FROM t") == 2500)
    }

    @Test(arguments: Product.present) func aTransactionIsUndoneWhenItThrows(_ product: Product) throws {
        let (other, database) = try self.open(product)
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction { () throws(DatabaseError) in
                try database.execute("INSERT INTO t(id) VALUES (1)")
                try database.execute("INSERT INTO t(id) VALUES (1)")
            }
        }
        #expect(error?.isDuplicate == true && error?.fault == .data && error?.isRetryable == false)
        #expect(!database.isInTransaction)
        #expect(try database.integer("SELECT count(*) FROM t") == 0)
        try database.transaction { () throws(DatabaseError) in try database.execute("INSERT INTO t(id) VALUES (1)") }
        #expect(try other.connect().integer("SELECT count(*) FROM t") == 1)
        let foreign = #expect(throws: DatabaseError.self) { try database.execute("INSERT INTO u VALUES (1, 99)") }
        #expect(foreign?.fault == .data && foreign?.isDuplicate == false)
    }

    @Test(arguments: Product.present) func aReaderSeesOneState(_ product: Product) throws {
        let (other, database) = try self.open(product)
        let writer = try other.connect()
        try writer.execute("INSERT INTO t(id) VALUES (1)")
        try database.reading { () throws(DatabaseError) in
            #expect(try database.integer("SELECT count(*) FROM t") == 1)
            try writer.execute("INSERT INTO t(id) VALUES (2)")
            #expect(try database.integer("SELECT count(*) FROM t") == 1)
        }
        #expect(try database.integer("SELECT count(*) FROM t") == 2)
    }

    @Test(arguments: Product.present) func errorsQuoteNoValues(_ product: Product) throws {
        let (_, database) = try self.open(product)
        let insert = try database.statement("INSERT INTO t(id, name) VALUES ($1, $2)")
        for (id, name) in [(1, "sk-secret-value"), (1, "sk-secret-value"), (2, "sk-secret\u{0}-value")]
            as [(Int64, String)]
        {
            try insert.bind(1, id)
            try insert.bind(2, text: name)
            do {
                try insert.run()
            } catch {
                #expect(!"\(error)".contains("secret"), "\(error)")
            }
        }
        for sql: SQL in ["SELEC 1", "SELECT nothing FROM t", "SELECT 1; SELECT 2"] {
            let error = #expect(throws: DatabaseError.self) { try database.execute(sql) }
            #expect(error?.fault == .program && error?.isRetryable == false)
        }
    }

    @Test(arguments: Product.present) func migratesForwardOnly(_ product: Product) throws {
        let (other, database) = try self.open(product)
        _ = try database.integer("SELECT count(*) FROM t")
        let two =
            Self.schema + [
                Migration(version: 2, statements: ["ALTER TABLE t ADD COLUMN more TEXT"]),
                Migration(version: 3, on: .sqlite, statements: ["CREATE TABLE lite(x BIGINT)"]),
                Migration(version: 3, on: .postgres, statements: ["CREATE TABLE post(x BIGINT)"]),
            ]
        let newer = try other.connect(two)
        #expect(try newer.integer("SELECT count(more) FROM t") == 0)
        #expect(try newer.integer(product == .sqlite ? "SELECT count(*) FROM lite" : "SELECT count(*) FROM post") == 0)
        let error = #expect(throws: DatabaseError.self) { try other.connect(Self.schema).integer("SELECT 1") }
        #expect(error?.fault == .file && error?.isRetryable == false)
        #expect(
            error?.description.contains("schema") == true
                && error?.description.contains("a newer Sluice wrote it") == true)
        // What fails in the middle leaves nothing.
        let broken =
            two + [Migration(version: 4, statements: ["CREATE TABLE v(x BIGINT)", "CREATE TABLE t(x BIGINT)"])]
        #expect(throws: DatabaseError.self) { try other.connect(broken).integer("SELECT 1") }
        #expect(throws: DatabaseError.self) { try newer.integer("SELECT count(*) FROM v") }
        #expect(try newer.integer("SELECT count(*) FROM t") == 0)
    }
}
