import Database
import Domain

/// The tables of control.db. Ids are blobs of 16 bytes, times milliseconds since 1970, money nano-USD.
enum ControlSchema {
    /// The file's name in the state folder.
    static let fileName = "control.db"
    /// "SLc1"
    static let applicationID: Int32 = 0x534C_6331

    static let migrations: [Migration] = [
        Migration(
            version: 1, on: .sqlite,
            statements: [
                // One row: which database this is (the identity table names it), and the number of its last change.
                """
                CREATE TABLE control(
                    one INTEGER PRIMARY KEY CHECK (one = 1),
                    id BLOB NOT NULL,
                    change_seq INTEGER NOT NULL)
                """,
                """
                CREATE TABLE organizations(
                    id BLOB PRIMARY KEY,
                    name TEXT NOT NULL UNIQUE,
                    created INTEGER NOT NULL)
                """,
                """
                CREATE TABLE projects(
                    id BLOB PRIMARY KEY,
                    organization BLOB NOT NULL REFERENCES organizations(id),
                    name TEXT NOT NULL,
                    time_zone TEXT NOT NULL DEFAULT 'UTC',
                    created INTEGER NOT NULL,
                    UNIQUE (organization, name))
                """,
                """
                CREATE TABLE keys(
                    id BLOB PRIMARY KEY,
                    project BLOB NOT NULL REFERENCES projects(id),
                    name TEXT NOT NULL,
                    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
                    shown TEXT NOT NULL,
                    requests_per_minute INTEGER,
                    tokens_per_minute INTEGER,
                    concurrency INTEGER,
                    monthly_cost INTEGER,
                    monthly_tokens INTEGER,
                    created INTEGER NOT NULL,
                    expires INTEGER,
                    revoked INTEGER,
                    change_seq INTEGER NOT NULL)
                """,
                // A name means one key at a time; a revoked key gives its name free.
                "CREATE UNIQUE INDEX keys_by_name ON keys(project, name) WHERE revoked IS NULL",
                "CREATE INDEX keys_by_change ON keys(change_seq)",
            ]),
        Migration(
            version: 2, on: .sqlite,
            statements: [
                "ALTER TABLE keys RENAME COLUMN monthly_cost TO cost_monthly",
                "ALTER TABLE keys RENAME COLUMN monthly_tokens TO tokens_monthly",
            ]
                + limitColumns.filter { !firstLimitColumns.contains($0) }.map {
                    "ALTER TABLE keys ADD COLUMN \($0) INTEGER" as SQL
                } + [
                    // Limits of projects, organizations, users and the static key: scope is the raw value of LimitScope.
                    // A project is here too once it has got a time zone, so that its change has a number.
                    """
                    CREATE TABLE entities(
                        scope INTEGER NOT NULL,
                        id BLOB NOT NULL,
                        \(SQL.joined(limitColumns.map { "\($0) INTEGER" as SQL })),
                        change_seq INTEGER NOT NULL,
                        PRIMARY KEY (scope, id)) WITHOUT ROWID
                    """,
                    "CREATE INDEX entities_by_change ON entities(change_seq)",
                    // Until now UTC was what a project had that nobody gave one. Empty means none of its own.
                    "UPDATE projects SET time_zone = '' WHERE time_zone = 'UTC'",
                    "UPDATE control SET change_seq = change_seq + 1",
                    """
                    INSERT INTO entities(scope, id, change_seq)
                        SELECT 2, projects.id, control.change_seq FROM projects, control WHERE time_zone <> ''
                    """,
                ]),
        Migration(
            version: 3, on: .sqlite,
            statements: [
                // Lists of allowed models, as in `ModelColumn`; NULL for all.
                "ALTER TABLE keys ADD COLUMN models TEXT",
                "ALTER TABLE projects ADD COLUMN models TEXT",
                "ALTER TABLE projects ADD COLUMN weight INTEGER NOT NULL DEFAULT 1",
            ]),
        Migration(version: 4, on: .sqlite, statements: fromThird),
        Migration(version: 4, on: .postgres, statements: onPostgres),
        Migration(version: 5, statements: catalogue),
    ]

    /// The columns of limits, in the order of the kinds. LimitSet.unlimited stands for no limit, NULL for the default.
    static let limitColumns = LimitKind.allCases.map { SQL(stringLiteral: $0.name) }
    /// Those that keys had in version 1, by their present names.
    private static let firstLimitColumns: Set<SQL> = [
        "requests_per_minute", "tokens_per_minute", "concurrency", "cost_monthly", "tokens_monthly",
    ]
}
