import Cryptography
import Database
import Domain
import Identity

/// control.db: organizations, projects and keys. Of a key only its digest is kept, and what is deleted is overwritten.
///
/// Pure storage: it refuses what its schema refuses and knows nothing of requests. One writer, on one thread.
final class ControlDatabase {
    /// This database, whatever its file is called.
    let id: EntityID
    let database: SQLiteDatabase

    /// Opens control.db in the folder, makes it with the default organization and projects where it is missing.
    init(stateDirectory: String, newID: EntityID, now: UInt64) throws(DatabaseError) {
        let database = try SQLiteDatabase(
            path: "\(stateDirectory)/\(ControlSchema.fileName)",
            options: SQLiteOptions(applicationID: ControlSchema.applicationID, erasesDeleted: true),
            migrations: ControlSchema.migrations)
        self.database = database
        self.id = try database.transaction { () throws(DatabaseError) in
            let select = try database.statement("SELECT id FROM control")
            if try select.step() {
                let id = select.id(0)
                select.reset()
                guard let id else { throw Self.damaged(database, "control.id is no id") }
                return id
            }
            let control = try database.statement("INSERT INTO control(one, id, change_seq) VALUES (1, $1, 0)")
            try control.bind(1, id: newID)
            try control.run()
            let organization = try database.statement(
                "INSERT INTO organizations(id, name, created) VALUES ($1, $2, $3)")
            try organization.bind(1, id: .standard)
            try organization.bind(2, text: "default")
            try organization.bind(3, Int64(clamping: now))
            try organization.run()
            for (project, name) in [(EntityID.standard, "default"), (.anonymous, "anonymous")] {
                try Self.insert(
                    ProjectRecord(
                        id: project, organization: .standard, name: name, timeZone: nil, created: now), database)
            }
            return newID
        }
    }

    /// Runs `body` in a transaction.
    func transaction<Value>(_ body: () throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        try self.database.transaction(body)
    }

    /// The number of the last change.
    func sequence() throws(DatabaseError) -> UInt64 {
        let number = try self.database.integer("SELECT change_seq FROM control") ?? 0
        guard let sequence = UInt64(exactly: number) else { throw Self.damaged(self.database, "control.change_seq") }
        return sequence
    }

    // MARK: Projects

    func insert(_ project: ProjectRecord) throws(DatabaseError) {
        try Self.insert(project, self.database)
    }

    private static let projectColumns: SQL = "id, organization, name, time_zone, weight, models, created"

    /// Projects by name, at most `limit`, beginning behind the name `after`.
    func projects(after: String?, limit: Int) throws(DatabaseError) -> [ProjectRecord] {
        let select = try self.database.statement(
            "SELECT \(Self.projectColumns) FROM projects WHERE ($1 IS NULL OR name > $1) ORDER BY name LIMIT $2")
        defer { select.reset() }
        try select.bind(1, text: after)
        try select.bind(2, Int64(limit))
        var projects: [ProjectRecord] = []
        while try select.step() { projects.append(try self.project(select)) }
        return projects
    }

    /// The project of the default organization with that name.
    func project(named name: String) throws(DatabaseError) -> ProjectRecord? {
        let select = try self.database.statement(
            "SELECT \(Self.projectColumns) FROM projects WHERE organization = $1 AND name = $2")
        defer { select.reset() }
        try select.bind(1, id: .standard)
        try select.bind(2, text: name)
        return try select.step() ? try self.project(select) : nil
    }

    func project(_ id: EntityID) throws(DatabaseError) -> ProjectRecord? {
        let select = try self.database.statement(
            "SELECT \(Self.projectColumns) FROM projects WHERE id = $1")
        defer { select.reset() }
        try select.bind(1, id: id)
        return try select.step() ? try self.project(select) : nil
    }

    /// The organization with that id, else the one with that name.
    func organization(id: EntityID?, name: String) throws(DatabaseError) -> (id: EntityID, name: String)? {
        let select = try self.database.statement(
            "SELECT id, name FROM organizations WHERE ($1 IS NULL AND name = $2) OR id = $1")
        defer { select.reset() }
        if let id { try select.bind(1, id: id) } else { try select.bindNull(1) }
        try select.bind(2, text: name)
        guard try select.step() else { return nil }
        guard let found = select.id(0) else { throw Self.damaged(self.database, "an organization's id is none") }
        return (found, select.text(1))
    }

    private static func insert(_ project: ProjectRecord, _ database: SQLiteDatabase) throws(DatabaseError) {
        let insert = try database.statement(
            "INSERT INTO projects(\(Self.projectColumns)) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        try insert.bind(1, id: project.id)
        try insert.bind(2, id: project.organization)
        try insert.bind(3, text: project.name)
        try insert.bind(4, text: project.timeZone ?? "")
        try insert.bind(5, Int64(project.weight))
        try insert.bind(6, models: project.models)
        try insert.bind(7, Int64(clamping: project.created))
        try insert.run()
    }

    /// Writes what of a project can change: its time zone, its weight and its models.
    func update(_ project: ProjectRecord) throws(DatabaseError) {
        let update = try self.database.statement(
            "UPDATE projects SET time_zone = $2, weight = $3, models = $4 WHERE id = $1")
        try update.bind(1, id: project.id)
        try update.bind(2, text: project.timeZone ?? "")
        try update.bind(3, Int64(project.weight))
        try update.bind(4, models: project.models)
        try update.run()
        try self.noteChange(ofProject: project.id)
    }

    private func project(_ row: SQLiteStatement) throws(DatabaseError) -> ProjectRecord {
        guard let id = row.id(0), let organization = row.id(1) else {
            throw Self.damaged(self.database, "a project's id is none")
        }
        let timeZone = row.text(3)
        guard let weight = Self.weight(row.integer(4)), let models = row.models(5) else {
            throw Self.damaged(self.database, "a project's weight or list of models is none")
        }
        return ProjectRecord(
            id: id, organization: organization, name: row.text(2), timeZone: timeZone.utf8.isEmpty ? nil : timeZone,
            weight: weight, models: models, created: UInt64(clamping: row.integer(6)))
    }

    /// A project's weight; nil for a number that is none.
    static func weight(_ number: Int64) -> UInt16? {
        UInt16(exactly: number).flatMap { EntityRow.weights.contains($0) ? $0 : nil }
    }

    static func damaged(_ database: SQLiteDatabase, _ what: String) -> DatabaseError {
        DatabaseError(contentsOf: database, what)
    }
}
