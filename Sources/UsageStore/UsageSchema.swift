public import Database

/// The tables of `usage.db`.
///
/// Rows are small: one request and its call take some 125 bytes. What repeats (names, principals, routes, targets,
/// prices) is stored once and meant by a number; what is rarely asked for is packed into a blob (`RequestDetail`,
/// `AttemptDetail`). The key of a request is its RecordID, which begins with the time: a period is a range of keys, and
/// no other index is needed to ask for one.
public enum UsageSchema {
    /// "SLUu", in the file's header.
    public static let applicationID: Int32 = 0x534C_5575
    /// The file's name in its folder.
    public static let fileName = "usage.db"

    /// The database's folder, where only the aggregator writes.
    public static func folder(stateDirectory: String) -> String { "\(stateDirectory)/usage" }

    /// The database of the gateway with this state folder.
    public static func path(stateDirectory: String) -> String {
        "\(self.folder(stateDirectory: stateDirectory))/\(Self.fileName)"
    }

    /// What the rows mean is said in `docs/usage.md`.
    public static let migrations: [Migration] = [
        Migration(
            version: 1,
            statements: [
                // Texts that repeat: names of models, providers and keys, codes of errors.
                "CREATE TABLE names (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
                "INSERT INTO names (id, text) VALUES (0, '')",
                """
                CREATE TABLE principals (
                    id INTEGER PRIMARY KEY,
                    organization BLOB NOT NULL, project BLOB NOT NULL, key BLOB NOT NULL, user BLOB NOT NULL,
                    UNIQUE (key, project, organization, user))
                """,
                // Names by their ids: the model asked for, who answered, the model sent.
                """
                CREATE TABLE routes (
                    id INTEGER PRIMARY KEY, model INTEGER NOT NULL, provider INTEGER NOT NULL,
                    model_sent INTEGER NOT NULL, UNIQUE (model, provider, model_sent))
                """,
                // Names by their ids, and the price (0: unknown).
                """
                CREATE TABLE targets (
                    id INTEGER PRIMARY KEY, provider INTEGER NOT NULL, model INTEGER NOT NULL, key INTEGER NOT NULL,
                    price INTEGER NOT NULL, UNIQUE (provider, model, key, price))
                """,
                // Pico-USD per token; NULL: as the class it is a part of. is_long: for calls whose prompt is above that many.
                """
                CREATE TABLE prices (
                    id INTEGER NOT NULL, is_long INTEGER NOT NULL, above INTEGER NOT NULL, input INTEGER NOT NULL,
                    output INTEGER NOT NULL, cache_read INTEGER, cache_write INTEGER, cache_write_1h INTEGER,
                    reasoning INTEGER, audio_input INTEGER, audio_output INTEGER, image INTEGER,
                    PRIMARY KEY (id, is_long)) WITHOUT ROWID
                """,
                """
                CREATE TABLE requests (
                    record BLOB NOT NULL PRIMARY KEY,
                    rank INTEGER NOT NULL,
                    principal INTEGER, endpoint INTEGER, body_bytes INTEGER, fingerprint INTEGER,
                    trace_id BLOB, label TEXT, tags TEXT,
                    route INTEGER, status INTEGER, outcome INTEGER, usage_source INTEGER,
                    input INTEGER, cache_read INTEGER, output INTEGER, reasoning INTEGER,
                    cost INTEGER, error INTEGER, first_byte INTEGER, total INTEGER, detail BLOB) WITHOUT ROWID
                """,
                // No edge has said how these ended: open ones, and those of edges that died.
                "CREATE INDEX requests_unsettled ON requests (record, rank) WHERE rank < 3",
                // The processes whose journals were read.
                """
                CREATE TABLE owners (
                    id INTEGER PRIMARY KEY, host INTEGER NOT NULL, instance INTEGER NOT NULL, role INTEGER NOT NULL,
                    UNIQUE (host, instance))
                """,
                """
                CREATE TABLE attempts (
                    record BLOB NOT NULL, number INTEGER NOT NULL,
                    owner INTEGER NOT NULL, target INTEGER, started INTEGER,
                    status INTEGER, billed INTEGER NOT NULL DEFAULT 0, cost INTEGER, error INTEGER, detail BLOB,
                    PRIMARY KEY (record, number)) WITHOUT ROWID
                """,
                "CREATE INDEX attempts_unended ON attempts (record, number) WHERE status IS NULL",
                "CREATE TABLE positions (segment TEXT NOT NULL PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID",
                """
                CREATE VIEW requests_text AS SELECT lower(hex(r.record)) AS record, r.rank, lower(hex(p.key)) AS key,
                    m.text AS model, v.text AS provider, s.text AS model_sent, r.status,
                    CASE r.outcome WHEN 1 THEN 'complete' WHEN 2 THEN 'disconnected' WHEN 3 THEN 'error'
                        ELSE 'unknown' END AS outcome,
                    CASE r.usage_source WHEN 1 THEN 'provider' WHEN 2 THEN 'estimated' ELSE 'none' END AS usage_source,
                    r.input, r.cache_read, r.output, r.reasoning, r.cost, e.text AS error, r.first_byte, r.total
                FROM requests r LEFT JOIN principals p ON p.id = r.principal LEFT JOIN routes t ON t.id = r.route
                    LEFT JOIN names m ON m.id = t.model LEFT JOIN names v ON v.id = t.provider
                    LEFT JOIN names s ON s.id = t.model_sent LEFT JOIN names e ON e.id = r.error
                """,
                """
                CREATE VIEW attempts_text AS SELECT lower(hex(a.record)) AS record, a.number, o.instance AS upstream,
                    v.text AS provider, m.text AS model, k.text AS key_name, t.price, a.status,
                    CASE a.billed WHEN 1 THEN 'yes' WHEN 2 THEN 'no' ELSE 'unknown' END AS billed, a.cost,
                    e.text AS error
                FROM attempts a LEFT JOIN owners o ON o.id = a.owner
                    LEFT JOIN targets t ON t.id = a.target LEFT JOIN names v ON v.id = t.provider
                    LEFT JOIN names m ON m.id = t.model LEFT JOIN names k ON k.id = t.key
                    LEFT JOIN names e ON e.id = a.error
                """,
            ]),
        // The one call of most requests lies in their own row, where it says nothing that the row does not: see InlineAttempt.
        Migration(
            version: 2,
            statements: [
                "ALTER TABLE requests ADD COLUMN attempt INTEGER",
                "ALTER TABLE requests ADD COLUMN attempt_detail BLOB",
                // All provider calls, wherever they lie.
                """
                CREATE VIEW calls AS
                SELECT record, number, owner, target, started, status, billed, cost, error, detail FROM attempts
                UNION ALL
                SELECT record, 1, attempt >> 19 & 16777215, attempt >> 43, attempt >> 2 & 131071, status, attempt & 3, cost,
                    error, attempt_detail FROM requests WHERE attempt IS NOT NULL
                """,
                "DROP VIEW attempts_text",
                """
                CREATE VIEW attempts_text AS SELECT lower(hex(a.record)) AS record, a.number, o.instance AS upstream,
                    v.text AS provider, m.text AS model, k.text AS key_name, t.price, a.status,
                    CASE a.billed WHEN 1 THEN 'yes' WHEN 2 THEN 'no' ELSE 'unknown' END AS billed, a.cost,
                    e.text AS error
                FROM calls a LEFT JOIN owners o ON o.id = a.owner
                    LEFT JOIN targets t ON t.id = a.target LEFT JOIN names v ON v.id = t.provider
                    LEFT JOIN names m ON m.id = t.model LEFT JOIN names k ON k.id = t.key
                    LEFT JOIN names e ON e.id = a.error
                """,
            ]),
        Migration(version: 3, statements: Self.rollupTables + Self.priceTables + Self.jobTables),
    ]

    /// How the one writer opens the file.
    static let writing = SQLiteOptions(
        access: .readWrite, busyTimeout: 1000, applicationID: applicationID, cacheKiB: 8192,
        pageSize: 8192)
    /// How everybody else does.
    static let reading = SQLiteOptions(access: .readOnly, busyTimeout: 2000, applicationID: applicationID)
}
