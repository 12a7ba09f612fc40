import Database
import Domain

extension ControlDatabase {
    private static let columns: SQL = """
        projects.id, projects.organization, organizations.name, projects.name, projects.time_zone, projects.weight, projects.models,
        projects.metadata, projects.created, projects.deleted, projects.version,
        \(SQL.joined(ControlSchema.limitColumns.map { "entities.\($0)" as SQL }))
        """
    private static let from: SQL = """
        FROM projects JOIN organizations ON organizations.id = projects.organization
        LEFT JOIN entities ON entities.scope = \(LimitScope.project.rawValue) AND entities.id = projects.id
        """

    /// `number` is that of the change.
    func insert(_ project: ProjectRecord, number: Int64) throws(DatabaseError) {
        let insert = try self.connection.statement(
            """
            INSERT INTO projects(id, organization, name, time_zone, weight, models, metadata, created)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """)
        try insert.bind(1, id: project.id)
        try insert.bind(2, id: project.organization)
        try insert.bind(3, text: project.name)
        try insert.bind(4, text: project.timeZone ?? "")
        try insert.bind(5, Int64(project.weight))
        try insert.bind(6, models: project.models)
        try insert.bind(7, text: project.metadata.column)
        try insert.bind(8, time: project.created)
        try insert.run()
        // What is as with every project need not be in identity tables.
        guard !project.isPlain else { return }
        try self.set(project.limits, of: .project, project.id, number: number)
    }

    /// Writes what of a project can change, its limits too, as the version it says.
    func update(_ project: ProjectRecord, number: Int64) throws(DatabaseError) {
        let update = try self.connection.statement(
            """
            UPDATE projects
            SET name = $2, time_zone = $3, weight = $4, models = $5, metadata = $6, deleted = $7, version = $8
            WHERE id = $1
            """)
        try update.bind(1, id: project.id)
        try update.bind(2, text: project.name)
        try update.bind(3, text: project.timeZone ?? "")
        try update.bind(4, Int64(project.weight))
        try update.bind(5, models: project.models)
        try update.bind(6, text: project.metadata.column)
        try update.bind(7, time: project.deleted)
        try update.bind(8, project.version)
        try update.run()
        try self.set(project.limits, of: .project, project.id, number: number)
    }

    /// The project, deleted or not.
    func project(_ id: EntityID) throws(DatabaseError) -> ProjectRecord? {
        let select = try self.connection.statement("SELECT \(Self.columns) \(Self.from) WHERE projects.id = $1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step() ? try self.project(select) : nil
    }

    /// Projects that are not deleted, by name and then by id, at most `limit`, beginning behind the one given; of one organization and one name
    /// where given.
    func projects(
        after: (name: String, id: EntityID)?, limit: Int, organization: EntityID?, name: String?
    ) throws(DatabaseError) -> [ProjectRecord] {
        guard name?.utf8.contains(0) != true, after?.name.utf8.contains(0) != true else { return [] }
        let home: SQL = organization == nil ? "" : "AND projects.organization = $4"
        let one: SQL = name == nil ? "" : organization == nil ? "AND projects.name = $4" : "AND projects.name = $5"
        let select = try self.connection.statement(
            """
            SELECT \(Self.columns) \(Self.from)
            WHERE (projects.name > $1 OR (projects.name = $1 AND projects.id > $2)) AND projects.deleted IS NULL \(home) \(one)
            ORDER BY projects.name, projects.id LIMIT $3
            """)
        defer { select.reset() }
        try select.bind(1, text: after?.name ?? "")
        try select.bind(2, blob: after?.id.bytes ?? Self.beforeAll)
        try select.bind(3, Int64(clamping: limit))
        if let organization { try select.bind(4, id: organization) }
        if let name { try select.bind(organization == nil ? 4 : 5, text: name) }
        var projects: [ProjectRecord] = []
        while try select.step() { projects.append(try self.project(select)) }
        return projects
    }

    /// Projects with a time zone of their own, as it is called.
    func projectTimeZones() throws(DatabaseError) -> [(id: EntityID, timeZone: String)] {
        let select = try self.connection.statement(
            "SELECT id, time_zone FROM projects WHERE time_zone <> '' AND deleted IS NULL ORDER BY name, id")
        defer { select.reset() }
        var projects: [(EntityID, String)] = []
        while try select.step() {
            guard let id = select.id(0) else { throw self.damaged("a project's id is none") }
            projects.append((id, select.text(1)))
        }
        return projects
    }

    private func project(_ row: any DatabaseStatement) throws(DatabaseError) -> ProjectRecord {
        guard let id = row.id(0), let organization = row.id(1) else { throw self.damaged("a project's id is none") }
        let timeZone = row.text(4)
        guard let weight = Self.weight(row.integer(5)), let models = row.models(6), let metadata = Metadata(row, 7)
        else { throw self.damaged("a project's weight, list of models or metadata is none") }
        return ProjectRecord(
            id: id, organization: organization, organizationName: row.text(2), name: row.text(3),
            timeZone: timeZone.utf8.isEmpty ? nil : timeZone, weight: weight, models: models, limits: row.limits(11),
            metadata: metadata, created: row.time(8) ?? 0, deleted: row.time(9), version: row.integer(10))
    }
}
