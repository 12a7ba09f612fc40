import Database

/// The tables of control.db. Ids are blobs of 16 bytes, times milliseconds since 1970, money nano-USD.
enum ControlSchema {
    /// The file's name in the state folder.
    static let fileName = "control.db"
    /// "SLc1"
    static let applicationID: Int32 = 0x534C_6331

    static let migrations = [
        Migration(
            version: 1,
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
            ])
    ]
}
