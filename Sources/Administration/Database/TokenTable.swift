import Cryptography
import Database
import Domain

/// The table `tokens`.
struct TokenTable {
    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    private static let columns: SQL =
        "id, organization, role, name, shown, made_by, created, expires, revoked, version"

    /// Whether there is or has been any token.
    func hasRows() throws(DatabaseError) -> Bool {
        try self.connection.integer("SELECT COUNT(*) FROM (SELECT 1 FROM tokens LIMIT 1) AS one") == 1
    }

    func insert(_ token: TokenRecord, digest: Digest) throws(DatabaseError) {
        let insert = try self.connection.statement(
            """
            INSERT INTO tokens(\(Self.columns), digest)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """)
        try insert.bind(1, id: token.id)
        try insert.bind(2, id: token.organization)
        try insert.bind(3, Int64(token.role.rawValue))
        try insert.bind(4, text: token.name)
        try insert.bind(5, text: token.shown)
        try insert.bind(6, text: token.madeBy)
        try insert.bind(7, time: token.created)
        try insert.bind(8, time: token.expires)
        try insert.bind(9, time: token.revoked)
        try insert.bind(10, token.version)
        try insert.bind(11, blob: digest.bytes)
        try insert.run()
    }

    /// Writes what of a token can change: name, role, expiry and whether it is revoked. Its version rises.
    func update(_ token: TokenRecord) throws(DatabaseError) {
        let update = try self.connection.statement(
            """
            UPDATE tokens SET name = $2, role = $3, expires = $4, revoked = $5, version = $6 WHERE id = $1
            """)
        try update.bind(1, id: token.id)
        try update.bind(2, text: token.name)
        try update.bind(3, Int64(token.role.rawValue))
        try update.bind(4, time: token.expires)
        try update.bind(5, time: token.revoked)
        try update.bind(6, token.version)
        try update.run()
    }

    func token(_ id: EntityID) throws(DatabaseError) -> TokenRecord? {
        let select = try self.connection.statement("SELECT \(Self.columns) FROM tokens WHERE id = $1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step() ? try self.token(select) : nil
    }

    func token(digest: Digest) throws(DatabaseError) -> TokenRecord? {
        let select = try self.connection.statement("SELECT \(Self.columns) FROM tokens WHERE digest = $1")
        defer { select.reset() }
        try select.bind(1, blob: digest.bytes)
        return try select.step() ? try self.token(select) : nil
    }

    /// Tokens in the order of their ids, at most `limit`, behind `after`; only those of one organization where it is given.
    func tokens(after: EntityID?, limit: Int, organization: EntityID?) throws(DatabaseError) -> [TokenRecord] {
        // PostgreSQL takes the type of a parameter from its first use, so the comparisons come first.
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) FROM tokens
            WHERE (id > $1 OR $1 IS NULL) AND (organization = $2 OR $2 IS NULL) ORDER BY id LIMIT $3
            """)
        defer { select.reset() }
        try select.bind(1, id: after)
        try select.bind(2, id: organization)
        try select.bind(3, Int64(limit))
        var tokens: [TokenRecord] = []
        while try select.step() { tokens.append(try self.token(select)) }
        return tokens
    }

    private func token(_ row: any DatabaseStatement) throws(DatabaseError) -> TokenRecord {
        guard let id = row.id(0), row.isNull(1) || row.id(1) != nil,
            let role = UInt8(exactly: row.integer(2)).flatMap({ AdministrationRole(rawValue: $0) })
        else { throw DatabaseError(contentsOf: self.connection, "a token's id, organization or role is none") }
        return TokenRecord(
            id: id, organization: row.id(1), role: role, name: row.text(3), shown: row.text(4), madeBy: row.text(5),
            created: UInt64(clamping: row.integer(6)), expires: row.time(7), revoked: row.time(8),
            version: row.integer(9))
    }
}
