import CPostgres

/// Brings a schema to the newest step, once, whoever else does the same at the same time.
///
/// What is there is told by one row in the schema's table `schema_version`; all steps that are missing are one transaction.
struct PostgresSchema {
    /// Milliseconds that the steps may take in all.
    private static let patience: UInt64 = 600_000

    private let schema: SQL
    private let steps: [Migration]

    init(_ schema: SQL, _ steps: [Migration]) {
        self.schema = schema
        self.steps = steps
    }

    func bring(_ session: PostgresSession, _ link: PostgresLink) throws(DatabaseError) {
        let newest = Int64(self.steps.last?.version ?? 0)
        let present = try self.version(session, link)
        try self.check(present, newest, session)
        guard present < newest else { return }
        let patience = session.patience
        session.patience = Self.patience
        defer { session.patience = patience }
        try session.simple("migrate", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", on: link)
        do throws(DatabaseError) {
            try self.migrate(newest, session, link)
            try session.simple("migrate", "COMMIT", on: link)
        } catch {
            // The caller ends the link; a rollback is only polite.
            if !link.isDead { _ = try? session.simple("migrate", "ROLLBACK", on: link) }
            throw error
        }
    }

    private func migrate(_ newest: Int64, _ session: PostgresSession, _ link: PostgresLink) throws(DatabaseError) {
        // The one that waits for the other's steps waits for as long as they take.
        try session.simple(
            "migrate",
            """
            SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = \(Self.patience - 1000);
            SELECT pg_advisory_xact_lock(\(Self.key(of: self.schema)))
            """, on: link)
        let present = try self.version(session, link)
        try self.check(present, newest, session)
        guard present < newest else { return }
        let found: SQL = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '\(self.schema)'"
        if try self.integer(found, session, link) == 0 {
            try session.simple("migrate", "CREATE SCHEMA \(self.schema)", on: link)
        }
        try session.simple(
            "migrate",
            """
            CREATE TABLE IF NOT EXISTS \(self.schema).schema_version(
                one BIGINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL)
            """, on: link)
        for step in self.steps where Int64(step.version) > present {
            for sql in step.statements { try session.simple("migrate", sql, on: link) }
        }
        try session.simple(
            "migrate",
            """
            INSERT INTO \(self.schema).schema_version(one, version) VALUES (1, \(newest))
            ON CONFLICT(one) DO UPDATE SET version = excluded.version
            """, on: link)
    }

    /// 0 where there is no table.
    private func version(_ session: PostgresSession, _ link: PostgresLink) throws(DatabaseError) -> Int64 {
        // Not to_regclass: while it waited for the lock, the server remembers that there was none.
        let found: SQL = """
            SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = '\(self.schema)' AND c.relname = 'schema_version'
            """
        guard try self.integer(found, session, link) == 1 else { return 0 }
        return try self.integer("SELECT version FROM \(self.schema).schema_version", session, link)
    }

    private func check(_ present: Int64, _ newest: Int64, _ session: PostgresSession) throws(DatabaseError) {
        guard present > newest else { return }
        throw DatabaseError(
            server: session.name, operation: "open", state: .unknownSchema,
            message: "the schema \(self.schema.text) has version \(present), but this program knows versions up to "
                + "\(newest): a newer Sluice wrote it; it is left as it is")
    }

    private func integer(_ sql: SQL, _ session: PostgresSession, _ link: PostgresLink) throws(DatabaseError) -> Int64 {
        let result = unsafe try session.run("migrate", on: link) {
            unsafe PQsendQueryParams($0, sql.text, 0, nil, nil, nil, nil, 1)
        }
        return result.integer(0, 0) ?? 0
    }

    /// The lock's number: "SLuice" and a hash of the name, FNV-1a of 16 bits' worth.
    private static func key(of schema: SQL) -> Int64 {
        var hash: UInt32 = 2_166_136_261
        for byte in schema.text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return 0x534C_0000_0000 | Int64(hash)
    }
}
