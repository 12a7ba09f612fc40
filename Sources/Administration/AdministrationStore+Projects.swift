import Cryptography
import Database
public import Domain

// Projects, all of the default organization.
extension AdministrationStore {
    /// What of a project is asked for.
    public struct NewProject: Hashable, Sendable {
        public var name: String
        /// An IANA name; nil for the time zone of the configuration.
        public var timeZone: String?
        /// 1 to 1,000.
        public var weight: UInt16
        /// The models it may use, each as in `ModelPattern`; all where it is empty.
        public var models: [[UInt8]]

        public init(name: String, timeZone: String? = nil, weight: UInt16 = 1, models: [[UInt8]] = []) {
            self.name = name
            self.timeZone = timeZone
            self.weight = weight
            self.models = models
        }
    }

    /// Makes a project; what it may and what its share is are in force in every edge when it returns.
    public func createProject(_ new: NewProject) throws(AdministrationFailure) -> ProjectRecord {
        let project = ProjectRecord(
            id: try self.newID(), organization: .standard, name: new.name, timeZone: new.timeZone, weight: new.weight,
            models: new.models, created: self.clock())
        // What is as with every project need not be in the table.
        let isPlain = new == NewProject(name: new.name)
        try self.change(taken: "there is a project named \(new.name) already") { () throws(DatabaseError) in
            try self.database.insert(project)
            if !isPlain { try self.database.noteChange(ofProject: project.id) }
        }
        if !isPlain { try self.catchUp() }
        return project
    }

    /// Changes time zone, weight or models of a project; in force in every edge when it returns. Its periods end by another
    /// time zone from then on.
    func updateProject(
        _ id: EntityID, _ body: (inout ProjectRecord) -> Void
    ) throws(AdministrationFailure) -> ProjectRecord {
        var project = try self.project(id)
        body(&project)
        try self.storage { () throws(DatabaseError) in
            try self.database.transaction { () throws(DatabaseError) in try self.database.update(project) }
        }
        try self.catchUp()
        return project
    }

    /// The project with that id.
    func project(_ id: EntityID) throws(AdministrationFailure) -> ProjectRecord {
        let found = try self.storage { () throws(DatabaseError) in try self.database.project(id) }
        guard let found else { throw .notFound("there is no project \(id.text(.project))") }
        return found
    }

    /// Projects by name, at most `limit`, beginning behind the name `after`.
    public func projects(
        after: String? = nil, limit: Int = .max
    ) throws(AdministrationFailure) -> [ProjectRecord] {
        try self.storage { () throws(DatabaseError) in try self.database.projects(after: after, limit: limit) }
    }

    /// The project with that name, if there is one.
    func projects(named name: String) throws(AdministrationFailure) -> [ProjectRecord] {
        let found = try self.storage { () throws(DatabaseError) in try self.database.project(named: name) }
        return found.map { [$0] } ?? []
    }

    /// The project with that name.
    public func project(named name: String) throws(AdministrationFailure) -> ProjectRecord {
        guard let found = try self.projects(named: name).first else {
            throw .notFound("there is no project named \(name)")
        }
        return found
    }

    /// Projects with a time zone of their own, as far as this machine knows the zones.
    public func projectTimeZones() throws(AdministrationFailure) -> [LimitTableSettings.Project] {
        try self.projects().compactMap { project in
            project.timeZone.flatMap { self.zones.rules($0) }.map { .init(id: project.id, timeZone: $0) }
        }
    }
}
