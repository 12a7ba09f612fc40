import Database

// Version 4: tokens, configuration by API, the audit log. The types BIGINT and BYTEA mean the same to both databases.
extension ControlSchema {
    /// For both databases.
    static let tokens: [SQL] = [
        // Tokens of the administration. digest: HMAC-SHA256 of the token with the pepper. organization: NULL for all of them.
        """
        CREATE TABLE tokens(
            id BYTEA PRIMARY KEY,
            organization BYTEA REFERENCES organizations(id),
            role BIGINT NOT NULL,
            name TEXT NOT NULL,
            digest BYTEA NOT NULL UNIQUE,
            shown TEXT NOT NULL,
            made_by TEXT NOT NULL,
            created BIGINT NOT NULL,
            expires BIGINT,
            revoked BIGINT,
            version BIGINT NOT NULL DEFAULT 1)
        """,
        // Replies to requests with an Idempotency-Key. fingerprint: as in `RequestFingerprint`. status: 0 while it is carried
        // out. reply: sealed, as it may hold a key.
        """
        CREATE TABLE idempotency(
            actor TEXT NOT NULL,
            key TEXT NOT NULL,
            fingerprint BYTEA NOT NULL,
            status BIGINT NOT NULL,
            reply BYTEA NOT NULL,
            created BIGINT NOT NULL,
            PRIMARY KEY (actor, key))
        """,
        // number: the change_seq of the change. before, after: JSON without secrets. organization: NULL for what is nobody's.
        """
        CREATE TABLE audit(
            number BIGINT PRIMARY KEY,
            time BIGINT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            organization BYTEA,
            action TEXT NOT NULL,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            before TEXT,
            after TEXT,
            address TEXT,
            request TEXT)
        """,
    ]

    /// For both databases: providers (kind 1), model aliases (2) and prices (3) that the API has made. body: JSON without secrets; secrets:
    /// sealed JSON. `control.objects_seq` is the number of the last change of any of them.
    static let objects: [SQL] = [
        """
        CREATE TABLE objects(
            kind BIGINT NOT NULL,
            name TEXT NOT NULL,
            body TEXT NOT NULL,
            secrets BYTEA,
            created BIGINT NOT NULL,
            changed BIGINT NOT NULL,
            version BIGINT NOT NULL DEFAULT 1,
            PRIMARY KEY (kind, name))
        """,
        // Sealed under the master key: `pepper`, and `check`, by which a wrong master key is noticed.
        "CREATE TABLE secrets(name TEXT PRIMARY KEY, sealed BYTEA NOT NULL)",
        "ALTER TABLE control ADD COLUMN objects_seq BIGINT NOT NULL DEFAULT 0",
    ]

    /// What organizations, projects, keys and their secrets are kept in since version 4. tags and metadata are JSON; tags are also in key_tags,
    /// by which keys are found. A name that is deleted or revoked is free again.
    static func entities(on product: DatabaseProduct) -> [SQL] {
        // Both compare bytes.
        let text: SQL = product == .postgres ? "TEXT COLLATE \"C\"" : "TEXT"
        return [
            """
            CREATE TABLE organizations(
                id BYTEA PRIMARY KEY,
                name \(text) NOT NULL,
                metadata TEXT,
                created BIGINT NOT NULL,
                deleted BIGINT,
                version BIGINT NOT NULL DEFAULT 1)
            """,
            "CREATE UNIQUE INDEX organizations_by_name ON organizations(name) WHERE deleted IS NULL",
            // models: as in `ModelColumn`; NULL for all. time_zone: empty for that of the configuration.
            """
            CREATE TABLE projects(
                id BYTEA PRIMARY KEY,
                organization BYTEA NOT NULL REFERENCES organizations(id),
                name \(text) NOT NULL,
                time_zone TEXT NOT NULL DEFAULT '',
                weight BIGINT NOT NULL DEFAULT 1,
                models TEXT,
                metadata TEXT,
                created BIGINT NOT NULL,
                deleted BIGINT,
                version BIGINT NOT NULL DEFAULT 1)
            """,
            "CREATE UNIQUE INDEX projects_by_name ON projects(organization, name) WHERE deleted IS NULL",
            """
            CREATE TABLE keys(
                id BYTEA PRIMARY KEY,
                project BYTEA NOT NULL REFERENCES projects(id),
                name \(text) NOT NULL,
                shown TEXT NOT NULL,
                \(SQL.joined(limitColumns.map { "\($0) BIGINT" as SQL })),
                models TEXT,
                tags TEXT,
                metadata TEXT,
                disabled BIGINT NOT NULL DEFAULT 0,
                created BIGINT NOT NULL,
                expires BIGINT,
                revoked BIGINT,
                version BIGINT NOT NULL DEFAULT 1,
                change_seq BIGINT NOT NULL)
            """,
            "CREATE UNIQUE INDEX keys_by_name ON keys(project, name) WHERE revoked IS NULL",
            "CREATE INDEX keys_by_project ON keys(project, id)",
            "CREATE INDEX keys_by_change ON keys(change_seq)",
            """
            CREATE TABLE key_tags(
                tag \(text) NOT NULL,
                key BYTEA NOT NULL REFERENCES keys(id),
                PRIMARY KEY (tag, key))
            """,
            "CREATE INDEX key_tags_by_key ON key_tags(key)",
        ] + self.keySecrets
    }

    /// A key may have several secrets for a while. digest: HMAC-SHA256 of the SHA-256 of the key, with the pepper; sealed: that SHA-256, sealed,
    /// for identity tables; empty in a row that is from before, whose digest is still the SHA-256. Rows stay when their secrets have ended, so
    /// that each identity table learns of it, however late it looks.
    static let keySecrets: [SQL] = [
        """
        CREATE TABLE key_secrets(
            digest BYTEA PRIMARY KEY,
            key BYTEA NOT NULL,
            sealed BYTEA NOT NULL,
            shown TEXT NOT NULL,
            created BIGINT NOT NULL,
            until BIGINT)
        """,
        "CREATE INDEX key_secrets_by_key ON key_secrets(key)",
    ]

    /// SQLite: from version 3. Tables of which a rule has changed are made anew; what was in them is overwritten.
    static let fromThird: [SQL] =
        [
            "CREATE TABLE old_organizations AS SELECT * FROM organizations",
            "CREATE TABLE old_projects AS SELECT * FROM projects",
            "CREATE TABLE old_keys AS SELECT * FROM keys",
            "DROP TABLE keys",
            "DROP TABLE projects",
            "DROP TABLE organizations",
        ] + entities(on: .sqlite) + [
            "INSERT INTO organizations(id, name, created) SELECT id, name, created FROM old_organizations",
            """
            INSERT INTO projects(id, organization, name, time_zone, weight, models, created)
                SELECT id, organization, name, time_zone, weight, models, created FROM old_projects
            """,
            """
            INSERT INTO keys(id, project, name, shown, models, created, expires, revoked, change_seq, \(SQL.joined(limitColumns)))
                SELECT id, project, name, shown, models, created, expires, revoked, change_seq, \(SQL.joined(limitColumns))
                FROM old_keys
            """,
            """
            INSERT INTO key_secrets(digest, key, sealed, shown, created)
                SELECT digest, id, x'', shown, created FROM old_keys
            """,
            "DROP TABLE old_keys",
            "DROP TABLE old_projects",
            "DROP TABLE old_organizations",
        ] + tokens + objects

    /// PostgreSQL begins with version 4.
    static let onPostgres: [SQL] =
        [
            """
            CREATE TABLE control(
                one BIGINT PRIMARY KEY CHECK (one = 1),
                id BYTEA NOT NULL,
                change_seq BIGINT NOT NULL)
            """
        ] + entities(on: .postgres) + [
            """
            CREATE TABLE entities(
                scope BIGINT NOT NULL,
                id BYTEA NOT NULL,
                \(SQL.joined(limitColumns.map { "\($0) BIGINT" as SQL })),
                change_seq BIGINT NOT NULL,
                PRIMARY KEY (scope, id))
            """,
            "CREATE INDEX entities_by_change ON entities(change_seq)",
        ] + tokens + objects

    /// For both databases, since version 5: a catalogue of models, the one in force (place 1) and one that waits to be (2). body: as control
    /// packs it; digest: its SHA-256; notes: JSON.
    static let catalogue: [SQL] = [
        """
        CREATE TABLE catalogue(
            place BIGINT PRIMARY KEY,
            digest BYTEA NOT NULL,
            models BIGINT NOT NULL,
            source TEXT NOT NULL,
            notes TEXT NOT NULL,
            read BIGINT NOT NULL,
            checked BIGINT NOT NULL,
            tag TEXT,
            applied BIGINT,
            actor TEXT,
            actor_name TEXT,
            body BYTEA NOT NULL)
        """
    ]
}
