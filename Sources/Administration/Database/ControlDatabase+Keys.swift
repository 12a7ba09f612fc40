import Cryptography
import Database
import Domain

// Every change of a key takes the next change number, so that the identity table can be brought up to date from any state.
extension ControlDatabase {
    private static let columns: SQL = """
        keys.id, keys.project, projects.organization, projects.name, keys.name, shown, keys.created, expires, revoked, digest,
        keys.models, \(SQL.joined(ControlSchema.limitColumns))
        """
    private static let from: SQL = "FROM keys JOIN projects ON projects.id = keys.project"

    /// Whether there is or has been any key.
    func hasKeys() throws(DatabaseError) -> Bool {
        try self.database.integer("SELECT EXISTS (SELECT 1 FROM keys)") == 1
    }

    func insert(_ key: KeyRecord, digest: Digest) throws(DatabaseError) {
        let insert = try self.database.statement(
            """
            INSERT INTO keys(id, project, name, digest, shown, created, expires, revoked, change_seq, models,
                \(SQL.joined(ControlSchema.limitColumns)))
            VALUES (\(Self.parameters(1..<(11 + LimitKind.allCases.count))))
            """)
        try insert.bind(1, id: key.id)
        try insert.bind(2, id: key.project)
        try insert.bind(3, text: key.name)
        try insert.bind(4, blob: digest.bytes)
        try insert.bind(5, text: key.shown)
        try insert.bind(6, Int64(clamping: key.created))
        try insert.bind(7, key.expires.map { Int64(clamping: $0) })
        try insert.bind(8, key.revoked.map { Int64(clamping: $0) })
        try insert.bind(9, try self.nextSequence())
        try insert.bind(10, models: key.models)
        try insert.bind(11, limits: key.limits)
        try insert.run()
    }

    /// Writes what of a key can change: its name, its limits and models, when it expires, whether it is revoked.
    func update(_ key: KeyRecord) throws(DatabaseError) {
        let update = try self.database.statement(
            """
            UPDATE keys SET name = $2, expires = $3, revoked = $4, change_seq = $5, models = $6,
                \(Self.assignments(from: 7))
            WHERE id = $1
            """)
        try update.bind(1, id: key.id)
        try update.bind(2, text: key.name)
        try update.bind(3, key.expires.map { Int64(clamping: $0) })
        try update.bind(4, key.revoked.map { Int64(clamping: $0) })
        try update.bind(5, try self.nextSequence())
        try update.bind(6, models: key.models)
        try update.bind(7, limits: key.limits)
        try update.run()
    }

    func key(_ id: EntityID) throws(DatabaseError) -> KeyRecord? {
        let select = try self.database.statement("SELECT \(Self.columns) \(Self.from) WHERE keys.id = $1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step() ? try self.key(select).record : nil
    }

    func key(digest: Digest) throws(DatabaseError) -> KeyRecord? {
        let select = try self.database.statement("SELECT \(Self.columns) \(Self.from) WHERE digest = $1")
        defer { select.reset() }
        try select.bind(1, blob: digest.bytes)
        return try select.step() ? try self.key(select).record : nil
    }

    /// Keys in the order of their ids, at most `limit`, beginning behind `after`; of one project and one name where given.
    func keys(
        after: EntityID?, limit: Int, project: EntityID?, name: String?
    ) throws(DatabaseError) -> [KeyRecord] {
        let select = try self.database.statement(
            """
            SELECT \(Self.columns) \(Self.from)
            WHERE ($1 IS NULL OR keys.id > $1) AND ($2 IS NULL OR keys.project = $2) AND ($3 IS NULL OR keys.name = $3)
            ORDER BY keys.id LIMIT $4
            """)
        defer { select.reset() }
        if let after { try select.bind(1, id: after) } else { try select.bindNull(1) }
        if let project { try select.bind(2, id: project) } else { try select.bindNull(2) }
        try select.bind(3, text: name)
        try select.bind(4, Int64(limit))
        var keys: [KeyRecord] = []
        while try select.step() { keys.append(try self.key(select).record) }
        return keys
    }

    /// Calls `body` with each key that changed after change `sequence`, in the order of the changes.
    func forEachKey(
        changedAfter sequence: UInt64, _ body: (KeyRecord, Digest) -> Void
    ) throws(DatabaseError) {
        let select = try self.database.statement(
            "SELECT \(Self.columns) \(Self.from) WHERE keys.change_seq > $1 ORDER BY keys.change_seq")
        defer { select.reset() }
        try select.bind(1, Int64(clamping: sequence))
        while try select.step() {
            let (key, digest) = try self.key(select)
            body(key, digest)
        }
    }

    /// Calls `body` with each key that is not revoked, in the order of the digests.
    func forEachGoodKey(_ body: (KeyRecord, Digest) -> Void) throws(DatabaseError) {
        let select = try self.database.statement(
            "SELECT \(Self.columns) \(Self.from) WHERE revoked IS NULL ORDER BY digest")
        defer { select.reset() }
        while try select.step() {
            let (key, digest) = try self.key(select)
            body(key, digest)
        }
    }

    private func key(_ row: SQLiteStatement) throws(DatabaseError) -> (record: KeyRecord, digest: Digest) {
        guard let id = row.id(0), let project = row.id(1), let organization = row.id(2),
            let digest = Digest(row.bytes(9))
        else { throw Self.damaged(self.database, "a key's id or digest is none") }
        guard let models = row.models(10) else { throw Self.damaged(self.database, "a key's list of models is none") }
        func time(_ column: Int) -> UInt64? { row.optionalInteger(column).map { UInt64(clamping: $0) } }
        let record = KeyRecord(
            id: id, project: project, organization: organization, projectName: row.text(3), name: row.text(4),
            shown: row.text(5), limits: row.limits(11), models: models, created: UInt64(clamping: row.integer(6)),
            expires: time(7), revoked: time(8))
        return (record, digest)
    }

    /// The number of a change that is about to be written.
    func nextSequence() throws(DatabaseError) -> Int64 {
        let next = try self.database.statement("UPDATE control SET change_seq = change_seq + 1 RETURNING change_seq")
        guard try next.step() else { throw Self.damaged(self.database, "the table control is empty") }
        let number = next.integer(0)
        next.reset()
        return number
    }
}
