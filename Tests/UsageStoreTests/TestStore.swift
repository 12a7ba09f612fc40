import Database
import DatabaseTestSupport
import Domain
import Testing

@testable import UsageStore

/// A usage database of one test, of either product.
final class TestStore {
    private let folder: TemporaryFolder
    private let server: TestPostgres?
    private var number = 0
    /// The test's own connection to a server.
    private let outside: PostgresConnection?
    let host: UInt32

    /// The products that there are on this machine: PostgreSQL where the tests have a server.
    static let products: [DatabaseProduct] = TestPostgres.isPresent ? [.sqlite, .postgres] : [.sqlite]

    init(_ product: DatabaseProduct, host: UInt32 = 0xABCDEF) throws {
        self.folder = try TemporaryFolder()
        self.server = product == .postgres ? try TestPostgres() : nil
        self.outside = self.server.map {
            PostgresConnection(
                $0.options(schema: UsageSchema.postgresSchema), migrations: UsageSchema.postgresMigrations)
        }
        self.host = host
    }

    var path: String { self.folder.file("usage-\(self.number).db") }

    /// Where it is, for one of its hosts.
    func database(host: UInt32? = nil) -> UsageDatabase {
        guard let server = self.server else { return UsageDatabase(.sqlite(path: self.path)) }
        return UsageDatabase(.postgres(server.address), host: host ?? self.host)
    }

    func writer(host: UInt32? = nil) throws -> any UsageSink { try self.database(host: host).writer() }

    func reader() throws -> UsageReader { try self.database().reader() }

    /// A connection for whatever the test does from outside.
    func connection() throws -> any DatabaseConnection {
        if let outside = self.outside { return outside }
        return try SQLiteDatabase(path: self.path, options: UsageSchema.reading, migrations: UsageSchema.migrations)
    }

    /// As `connection`, for a test that writes.
    func writingConnection() throws -> any DatabaseConnection {
        if let outside = self.outside { return outside }
        return try SQLiteDatabase(path: self.path, options: UsageSchema.writing, migrations: UsageSchema.migrations)
    }

    /// Of a server, with a patience of its own for locks, in milliseconds.
    func options(lockTimeout: UInt32) throws -> PostgresOptions {
        var options = try #require(self.server).options(schema: UsageSchema.postgresSchema)
        options.isolation = .readCommitted
        options.lockTimeout = lockTimeout
        return options
    }

    /// An empty one takes its place; what repeats may have its numbers already.
    func renew() throws {
        self.number += 1
        for table: SQL in ["requests", "attempts", "positions"] { try self.outside?.execute("DELETE FROM \(table)") }
    }

    // MARK: What is there

    /// Everything that is in it, as text, with interned numbers replaced by what they mean: two databases that say the same have the same.
    func rows() throws -> [String] {
        let requests: SQL = """
            SELECT r.record, r.rank, p.organization, p.project, p.key, p."user", r.endpoint,
                r.body_bytes, r.fingerprint, r.trace_id, r.label, r.tags, m.text, v.text, s.text, r.status, r.outcome,
                r.usage_source, r.input, r.cache_read, r.output, r.reasoning, r.cost, e.text, r.first_byte, r.total,
                r.detail
            FROM requests r LEFT JOIN principals p ON p.id = r.principal LEFT JOIN routes t ON t.id = r.route
                LEFT JOIN names m ON m.id = t.model LEFT JOIN names v ON v.id = t.provider
                LEFT JOIN names s ON s.id = t.model_sent LEFT JOIN names e ON e.id = r.error ORDER BY r.record
            """
        let attempts: SQL = """
            SELECT a.record, a.number, o.host, o.instance, o.role, v.text, m.text, k.text, t.price, a.started, a.status,
                a.billed, a.cost, e.text, a.detail
            FROM calls a LEFT JOIN owners o ON o.id = a.owner LEFT JOIN targets t ON t.id = a.target
                LEFT JOIN names v ON v.id = t.provider LEFT JOIN names m ON m.id = t.model
                LEFT JOIN names k ON k.id = t.key LEFT JOIN names e ON e.id = a.error ORDER BY a.record, a.number
            """
        return try self.texts(requests, 27, bytes: [0, 2, 3, 4, 5, 9, 26])
            + self.texts(attempts, 15, bytes: [0, 14])
    }

    /// One text for each row; the columns of `bytes` in hexadecimal.
    func texts(_ sql: SQL, _ columns: Int, bytes: Set<Int> = []) throws -> [String] {
        let connection = try self.connection()
        let statement = try connection.statement(sql)
        var rows: [String] = []
        while try statement.step() {
            let texts = (0..<columns).map { column in
                if bytes.contains(column) {
                    return statement.bytes(column).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
                        .joined()
                }
                return statement.optionalText(column) ?? "-"
            }
            rows.append(texts.joined(separator: "|"))
        }
        return rows
    }

    func count(_ sql: SQL) throws -> Int64 { try self.connection().integer(sql) ?? -1 }
}
