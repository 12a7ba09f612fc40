import Database
import Domain

/// The table `organizations`. Deleted ones stay, for what belonged to them.
struct OrganizationTable {
    private static let columns: SQL = "id, name, metadata, created, deleted, version"

    private let connection: any DatabaseConnection

    init(_ connection: any DatabaseConnection) {
        self.connection = connection
    }

    func insert(_ organization: OrganizationRecord) throws(DatabaseError) {
        let insert = try self.connection.statement(
            "INSERT INTO organizations(\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6)")
        try insert.bind(1, id: organization.id)
        try insert.bind(2, text: organization.name)
        try insert.bind(3, text: organization.metadata.column)
        try insert.bind(4, time: organization.created)
        try insert.bind(5, time: organization.deleted)
        try insert.bind(6, organization.version)
        try insert.run()
    }

    /// Writes what can change: name, metadata and whether it is deleted.
    func update(_ organization: OrganizationRecord) throws(DatabaseError) {
        let update = try self.connection.statement(
            "UPDATE organizations SET name = $2, metadata = $3, deleted = $4, version = $5 WHERE id = $1")
        try update.bind(1, id: organization.id)
        try update.bind(2, text: organization.name)
        try update.bind(3, text: organization.metadata.column)
        try update.bind(4, time: organization.deleted)
        try update.bind(5, organization.version)
        try update.run()
    }

    /// The organization with that id, deleted ones too.
    func organization(_ id: EntityID) throws(DatabaseError) -> OrganizationRecord? {
        let select = try self.connection.statement("SELECT \(Self.columns) FROM organizations WHERE id = $1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step() ? try self.organization(select) : nil
    }

    /// Organizations that are not deleted, in the order of their ids, at most `limit`, behind `after`; only that one, and of that name, where
    /// they are given.
    func organizations(
        after: EntityID?, limit: Int, only: EntityID?, name: String?
    ) throws(DatabaseError) -> [OrganizationRecord] {
        // PostgreSQL takes the type of a parameter from its first use, so the comparisons come first.
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) FROM organizations
            WHERE deleted IS NULL AND (id > $1 OR $1 IS NULL) AND (id = $2 OR $2 IS NULL) AND (name = $3 OR $3 IS NULL)
            ORDER BY id LIMIT $4
            """)
        defer { select.reset() }
        try select.bind(1, id: after)
        try select.bind(2, id: only)
        try select.bind(3, text: name)
        try select.bind(4, Int64(limit))
        var organizations: [OrganizationRecord] = []
        while try select.step() { organizations.append(try self.organization(select)) }
        return organizations
    }

    /// Whether it has projects that are not deleted.
    func hasProjects(_ id: EntityID) throws(DatabaseError) -> Bool {
        let select = try self.connection.statement(
            "SELECT 1 FROM projects WHERE organization = $1 AND deleted IS NULL LIMIT 1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step()
    }

    private func organization(_ row: any DatabaseStatement) throws(DatabaseError) -> OrganizationRecord {
        guard let id = row.id(0), let metadata = Metadata(row, 2) else {
            throw DatabaseError(contentsOf: self.connection, "an organization's id or metadata is none")
        }
        return OrganizationRecord(
            id: id, name: row.text(1), metadata: metadata, created: row.time(3) ?? 0, deleted: row.time(4),
            version: row.integer(5))
    }
}
