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
        // Replies to requests with an Idempotency-Key. fingerprint: SHA-256 of method, path and body. reply: sealed, as it may hold a key.
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

    /// For both databases. A key may have several secrets for a while. digest: HMAC-SHA256 of the SHA-256 of the key, with the pepper;
    /// sealed: that SHA-256, sealed, for identity tables; empty in a row that is from before, whose digest is still the SHA-256.
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

    /// For both databases: what organizations, projects and keys have since version 4. metadata and tags are JSON.
    static let entityColumns: [SQL] = [
        "ALTER TABLE organizations ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
        "ALTER TABLE organizations ADD COLUMN metadata TEXT",
        "ALTER TABLE organizations ADD COLUMN deleted BIGINT",
        "ALTER TABLE projects ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
        "ALTER TABLE projects ADD COLUMN metadata TEXT",
        "ALTER TABLE projects ADD COLUMN deleted BIGINT",
        "ALTER TABLE keys ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
        "ALTER TABLE keys ADD COLUMN metadata TEXT",
        "ALTER TABLE keys ADD COLUMN tags TEXT",
        "ALTER TABLE keys ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0",
    ]
}
