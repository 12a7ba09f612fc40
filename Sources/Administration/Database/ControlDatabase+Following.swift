import Cryptography
import Database
import Domain

// What identity tables follow, page by page: a million keys are never in memory at once.
extension ControlDatabase {
    private static let columns: SQL = """
        key_secrets.digest, key_secrets.sealed, key_secrets.until, keys.id, keys.project, projects.organization, keys.expires,
        keys.revoked, keys.disabled, keys.models, keys.change_seq, \(SQL.joined(ControlSchema.limitColumns.map { "keys.\($0)" as SQL }))
        """
    private static let from: SQL = """
        FROM keys JOIN key_secrets ON key_secrets.key = keys.id JOIN projects ON projects.id = keys.project
        """

    /// At most `limit` secrets of keys that changed after change `number`, or in it and behind `digest`, in the order of changes and then of digests.
    func changedKeys(
        after number: UInt64, _ digest: Digest?, limit: Int, at now: UInt64
    ) throws(DatabaseError) -> [FollowedKey] {
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) \(Self.from)
            WHERE keys.change_seq > $1 OR (keys.change_seq = $1 AND key_secrets.digest > $2)
            ORDER BY keys.change_seq, key_secrets.digest LIMIT $3
            """)
        defer { select.reset() }
        try select.bind(1, Int64(clamping: number))
        // Behind all of the change where none is given.
        try select.bind(2, blob: digest?.bytes ?? [UInt8](repeating: 0xFF, count: Digest.count + 1))
        try select.bind(3, Int64(limit))
        return try self.followedKeys(select, now)
    }

    /// At most `limit` secrets that are good, of keys that are not revoked, in the order of their digests, behind `digest`.
    func goodKeys(after digest: Digest?, limit: Int, at now: UInt64) throws(DatabaseError) -> [FollowedKey] {
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) \(Self.from)
            WHERE key_secrets.digest > $1 AND keys.revoked IS NULL AND (key_secrets.until > $2 OR key_secrets.until IS NULL)
            ORDER BY key_secrets.digest LIMIT $3
            """)
        defer { select.reset() }
        try select.bind(1, blob: digest?.bytes ?? Self.beforeAll)
        try select.bind(2, time: now)
        try select.bind(3, Int64(limit))
        return try self.followedKeys(select, now)
    }

    private func followedKeys(
        _ select: any DatabaseStatement, _ now: UInt64
    ) throws(DatabaseError) -> [FollowedKey] {
        var keys: [FollowedKey] = []
        while try select.step() {
            guard let digest = Digest(select.bytes(0)), let key = select.id(3), let project = select.id(4),
                let organization = select.id(5), let models = select.models(9)
            else { throw self.damaged("a key's id, digest or list of models is none") }
            let until = select.time(2)
            let expires = [select.time(6), until].compactMap(\.self).min()
            keys.append(
                FollowedKey(
                    digest: digest, sealed: select.bytes(1),
                    principal: Principal(organization: organization, project: project, key: key),
                    isDisabled: select.integer(8) != 0, expires: expires,
                    isOver: !select.isNull(7) || until.map { $0 <= now } ?? false, limits: select.limits(11),
                    models: models, number: UInt64(clamping: select.integer(10))))
        }
        return keys
    }
}
