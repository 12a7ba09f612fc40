import Cryptography
import Database
import Domain

// Every change of a key takes the next change number, so that identity tables can be brought up to date from any state.
extension ControlDatabase {
    /// Before the id of everything.
    static let beforeAll: [UInt8] = [0]
    private static let columns: SQL = """
        keys.id, keys.project, projects.organization, projects.name, keys.name, keys.shown, keys.created, keys.expires, keys.revoked,
        keys.models, keys.tags, keys.metadata, keys.disabled, keys.version,
        \(SQL.joined(ControlSchema.limitColumns.map { "keys.\($0)" as SQL }))
        """
    private static let from: SQL = "FROM keys JOIN projects ON projects.id = keys.project"

    /// Whether there is or has been any key.
    func hasKeys() throws(DatabaseError) -> Bool {
        try self.connection.integer("SELECT COUNT(*) FROM (SELECT 1 FROM keys LIMIT 1) AS first_key") == 1
    }

    /// `number` is that of the change. The key's secrets are another matter.
    func insert(_ key: KeyRecord, number: Int64) throws(DatabaseError) {
        let insert = try self.connection.statement(
            """
            INSERT INTO keys(id, project, name, shown, created, expires, revoked, change_seq, models, tags, metadata, disabled,
                \(SQL.joined(ControlSchema.limitColumns)))
            VALUES (\(Self.parameters(1..<(13 + LimitKind.allCases.count))))
            """)
        try insert.bind(1, id: key.id)
        try insert.bind(2, id: key.project)
        try insert.bind(3, text: key.name)
        try insert.bind(4, text: key.shown)
        try insert.bind(5, time: key.created)
        try insert.bind(6, time: key.expires)
        try insert.bind(7, time: key.revoked)
        try insert.bind(8, number)
        try insert.bind(9, models: key.models)
        try insert.bind(10, tags: key.tags)
        try insert.bind(11, text: key.metadata.column)
        try insert.bind(12, key.isDisabled ? 1 : 0)
        try insert.bind(13, limits: key.limits)
        try insert.run()
        try self.insertTags(of: key)
    }

    /// Writes what of a key can change, as the version it says.
    func update(_ key: KeyRecord, number: Int64) throws(DatabaseError) {
        let update = try self.connection.statement(
            """
            UPDATE keys SET name = $2, expires = $3, revoked = $4, change_seq = $5, models = $6, tags = $7, metadata = $8, disabled = $9,
                version = $10, shown = $11, \(Self.assignments(from: 12))
            WHERE id = $1
            """)
        try update.bind(1, id: key.id)
        try update.bind(2, text: key.name)
        try update.bind(3, time: key.expires)
        try update.bind(4, time: key.revoked)
        try update.bind(5, number)
        try update.bind(6, models: key.models)
        try update.bind(7, tags: key.tags)
        try update.bind(8, text: key.metadata.column)
        try update.bind(9, key.isDisabled ? 1 : 0)
        try update.bind(10, key.version)
        try update.bind(11, text: key.shown)
        try update.bind(12, limits: key.limits)
        try update.run()
        let delete = try self.connection.statement("DELETE FROM key_tags WHERE key = $1")
        try delete.bind(1, id: key.id)
        try delete.run()
        try self.insertTags(of: key)
    }

    private func insertTags(of key: KeyRecord) throws(DatabaseError) {
        for tag in key.tags {
            let insert = try self.connection.statement("INSERT INTO key_tags(tag, key) VALUES ($1, $2)")
            try insert.bind(1, text: tag)
            try insert.bind(2, id: key.id)
            try insert.run()
        }
    }

    /// Revokes all keys of a project that are not revoked yet.
    func revokeKeys(ofProject project: EntityID, at now: UInt64, number: Int64) throws(DatabaseError) {
        let update = try self.connection.statement(
            """
            UPDATE keys SET revoked = $2, change_seq = $3, version = version + 1 WHERE project = $1 AND revoked IS NULL
            """)
        try update.bind(1, id: project)
        try update.bind(2, time: now)
        try update.bind(3, number)
        try update.run()
    }

    func key(_ id: EntityID) throws(DatabaseError) -> KeyRecord? {
        let select = try self.connection.statement("SELECT \(Self.columns) \(Self.from) WHERE keys.id = $1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step() ? try self.key(select) : nil
    }

    /// The key with a secret of that digest, whether the secret is good or not.
    func key(digest: Digest) throws(DatabaseError) -> KeyRecord? {
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) \(Self.from) JOIN key_secrets ON key_secrets.key = keys.id WHERE key_secrets.digest = $1
            """)
        defer { select.reset() }
        try select.bind(1, blob: digest.bytes)
        return try select.step() ? try self.key(select) : nil
    }

    /// Keys in the order of their ids, at most `limit`, beginning behind `after`.
    func keys(after: EntityID?, limit: Int, _ selection: KeySelection) throws(DatabaseError) -> [KeyRecord] {
        guard !selection.isImpossible else { return [] }
        var conditions: [SQL] = ["keys.id > $1"]
        if selection.organization != nil { conditions.append("projects.organization = $\(conditions.count + 2)") }
        if selection.project != nil { conditions.append("keys.project = $\(conditions.count + 2)") }
        if selection.name != nil { conditions.append("keys.name = $\(conditions.count + 2)") }
        if selection.tag != nil {
            let number = conditions.count + 2
            conditions.append(
                "EXISTS (SELECT 1 FROM key_tags WHERE key_tags.key = keys.id AND key_tags.tag = $\(number))")
        }
        if let isRevoked = selection.isRevoked {
            conditions.append(isRevoked ? "keys.revoked IS NOT NULL" : "keys.revoked IS NULL")
        }
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) \(Self.from) WHERE \(SQL.joined(conditions, by: " AND ")) ORDER BY keys.id LIMIT $2
            """)
        defer { select.reset() }
        try select.bind(1, blob: after?.bytes ?? Self.beforeAll)
        try select.bind(2, Int64(clamping: limit))
        var number = 3
        for id in [selection.organization, selection.project] {
            guard let id else { continue }
            try select.bind(number, id: id)
            number += 1
        }
        for text in [selection.name, selection.tag] {
            guard let text else { continue }
            try select.bind(number, text: text)
            number += 1
        }
        var keys: [KeyRecord] = []
        while try select.step() { keys.append(try self.key(select)) }
        return keys
    }

    private func key(_ row: any DatabaseStatement) throws(DatabaseError) -> KeyRecord {
        guard let id = row.id(0), let project = row.id(1), let organization = row.id(2) else {
            throw self.damaged("the id of a key is none")
        }
        guard let models = row.models(9), let tags = row.tags(10), let metadata = Metadata(row, 11) else {
            throw self.damaged("a key's list of models, its tags or its metadata are none")
        }
        return KeyRecord(
            id: id, project: project, organization: organization, projectName: row.text(3), name: row.text(4),
            shown: row.text(5), limits: row.limits(14), models: models, tags: tags, metadata: metadata,
            isDisabled: row.integer(12) != 0, created: row.time(6) ?? 0, expires: row.time(7), revoked: row.time(8),
            version: row.integer(13))
    }
}
