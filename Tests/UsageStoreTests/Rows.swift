import Database

@testable import UsageStore

/// Everything that is in a usage database, as text, with interned numbers replaced by what they mean: two databases that say
/// the same have the same.
enum Rows {
    static func all(_ path: String) throws -> [String] {
        let database = try SQLiteDatabase(path: path, options: UsageSchema.reading, migrations: UsageSchema.migrations)
        let requests: SQL = """
            SELECT hex(r.record), r.rank, hex(p.organization), hex(p.project), hex(p.key), hex(p.user), r.endpoint,
                r.body_bytes, r.fingerprint, hex(r.trace_id), r.label, r.tags, m.text, v.text, s.text, r.status, r.outcome,
                r.usage_source, r.input, r.cache_read, r.output, r.reasoning, r.cost, e.text, r.first_byte, r.total,
                hex(r.detail)
            FROM requests r LEFT JOIN principals p ON p.id = r.principal LEFT JOIN routes t ON t.id = r.route
                LEFT JOIN names m ON m.id = t.model LEFT JOIN names v ON v.id = t.provider
                LEFT JOIN names s ON s.id = t.model_sent LEFT JOIN names e ON e.id = r.error ORDER BY r.record
            """
        let attempts: SQL = """
            SELECT hex(a.record), a.number, o.host, o.instance, o.role, v.text, m.text, k.text, t.price, a.started, a.status,
                a.billed, a.cost, e.text, hex(a.detail)
            FROM calls a LEFT JOIN owners o ON o.id = a.owner LEFT JOIN targets t ON t.id = a.target
                LEFT JOIN names v ON v.id = t.provider LEFT JOIN names m ON m.id = t.model
                LEFT JOIN names k ON k.id = t.key LEFT JOIN names e ON e.id = a.error ORDER BY a.record, a.number
            """
        return try Self.texts(database, requests, 27) + Self.texts(database, attempts, 15)
    }

    static func texts(_ database: SQLiteDatabase, _ sql: SQL, _ columns: Int) throws -> [String] {
        let statement = try database.prepare(sql)
        var rows: [String] = []
        while try statement.step() {
            rows.append((0..<columns).map { statement.optionalText($0) ?? "-" }.joined(separator: "|"))
        }
        return rows
    }

    static func count(_ path: String, _ sql: SQL) throws -> Int64 {
        let database = try SQLiteDatabase(path: path, options: UsageSchema.reading, migrations: UsageSchema.migrations)
        return try database.integer(sql) ?? -1
    }
}
