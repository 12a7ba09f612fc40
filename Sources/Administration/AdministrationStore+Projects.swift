import Cryptography
import Database
public import Domain

// Projects.
extension AdministrationStore {
    /// What of a project is asked for.
    public struct NewProject: Hashable, Sendable {
        public var organization: EntityID
        public var name: String
        /// An IANA name; nil for the time zone of the configuration.
        public var timeZone: String?
        /// 1 to 1,000.
        public var weight: UInt16
        /// The models it may use, each as in `ModelPattern`; all where it is empty.
        public var models: [[UInt8]]
        public var limits: LimitSet
        public var metadata: Metadata

        public init(
            organization: EntityID = .standard, name: String, timeZone: String? = nil, weight: UInt16 = 1,
            models: [[UInt8]] = [], limits: LimitSet = LimitSet(), metadata: Metadata = Metadata()
        ) {
            self.organization = organization
            self.name = name
            self.timeZone = timeZone
            self.weight = weight
            self.models = models
            self.limits = limits
            self.metadata = metadata
        }
    }

    /// Makes a project; what it may and what its share is are in force in every edge when it returns.
    public func createProject(
        _ new: NewProject, from origin: AuditOrigin = .gateway, answer: Answer<ProjectRecord>? = nil
    ) throws(AdministrationFailure) -> ProjectRecord {
        let id = try self.newID()
        let now = self.clock()
        let project = try self.commit(taken: "there is a project named \(new.name) already", answer: answer) {
            (number) throws(DatabaseError) in
            guard let organization = try self.database.organization(id: new.organization, name: "") else {
                throw self.refuse(.noOrganization)
            }
            let project = ProjectRecord(
                id: id, organization: organization.id, organizationName: organization.name, name: new.name,
                timeZone: new.timeZone, weight: new.weight, models: new.models, limits: new.limits,
                metadata: new.metadata, created: now)
            try self.database.insert(project, number: number)
            return (project, self.entry(origin, .create, after: project))
        }
        try self.catchUp()
        return project
    }

    /// Changes what of a project can change; in force in every edge when it returns. By another time zone its periods end from then on.
    func updateProject(
        _ id: EntityID, from origin: AuditOrigin = .gateway, matching check: VersionCheck = { _ in },
        _ body: (inout ProjectRecord) -> Void
    ) throws(AdministrationFailure) -> ProjectRecord {
        let project = try self.commit(taken: "there is a project of that name in its organization already") {
            (number) throws(DatabaseError) in
            let before = try self.present(id, check)
            guard let after = before.changed(by: body) else { return (before, nil) }
            try self.database.update(after, number: number)
            return (after, self.entry(origin, .update, before: before, after: after))
        }
        try self.catchUp()
        return project
    }

    /// Deletes a project and revokes its keys. What it has used stays known.
    func deleteProject(
        _ id: EntityID, from origin: AuditOrigin = .gateway, matching check: VersionCheck = { _ in }
    ) throws(AdministrationFailure) -> ProjectRecord {
        guard id != .standard, id != .anonymous else { throw .fixedProject }
        let now = self.clock()
        let project = try self.commit { (number) throws(DatabaseError) in
            let before = try self.present(id, check)
            var after = before
            after.deleted = now
            after.limits = LimitSet()
            after.version += 1
            try self.database.update(after, number: number)
            try self.database.revokeKeys(ofProject: id, at: now, number: number)
            return (after, self.entry(origin, .delete, before: before))
        }
        try self.catchUp()
        return project
    }

    /// The project with that id, unless it is deleted.
    func project(_ id: EntityID) throws(AdministrationFailure) -> ProjectRecord {
        let found = try self.storage { () throws(DatabaseError) in try self.database.project(id) }
        guard let found, found.deleted == nil else { throw .noProject }
        return found
    }

    /// The project with that id or that name. A name means the project of `home`, where it is given; else that of the default organization, else the
    /// only one of the name.
    public func project(_ text: String, home: EntityID? = nil) throws(AdministrationFailure) -> ProjectRecord {
        if let id = EntityID(text: text, .project) {
            let project = try self.project(id)
            guard home == nil || home == project.organization else { throw .noProject }
            return project
        }
        let named = try self.storage { () throws(DatabaseError) in
            try self.database.projects(after: nil, limit: 1000, organization: home, name: text)
        }
        if let standard = named.first(where: { $0.organization == .standard }) { return standard }
        guard let first = named.first else { throw .notFound("there is no project named \(text)") }
        guard named.count == 1 else {
            throw AdministrationFailure(
                status: 409, code: "ambiguous_name",
                message: "several organizations have a project named \(text): say its id", field: "project")
        }
        return first
    }

    /// Projects by name, at most `limit`, beginning behind the one given; of one organization and one name where given.
    public func projects(
        after: EntityID? = nil, limit: Int = .max, organization: EntityID? = nil, name: String? = nil
    ) throws(AdministrationFailure) -> [ProjectRecord] {
        try self.storage { () throws(DatabaseError) in
            // It may be deleted by now: its place in the order is known all the same.
            let before = try after.flatMap { (id) throws(DatabaseError) in try self.database.project(id) }
            // One of another organization is as absent as one that never was.
            let isKnown = before.map { organization == nil || $0.organization == organization } ?? (after == nil)
            guard isKnown else { return [] }
            return try self.database.projects(
                after: before.map { ($0.name, $0.id) }, limit: limit, organization: organization, name: name)
        }
    }

    /// Projects with a time zone of their own, as far as this machine knows the zones.
    public func projectTimeZones() throws(AdministrationFailure) -> [LimitTableSettings.Project] {
        let zones = try self.storage { () throws(DatabaseError) in try self.database.projectTimeZones() }
        return zones.compactMap { project in
            self.zones.rules(project.timeZone).map { .init(id: project.id, timeZone: $0) }
        }
    }

    /// The time zone of a project; nil where it has none of its own, or nobody knows it any more.
    func zone(of project: EntityID) -> TimeZoneRules? {
        guard let name = (try? self.database.project(project))?.timeZone else { return nil }
        return self.zones.rules(name)
    }

    // MARK: -

    private func present(_ id: EntityID, _ check: VersionCheck) throws(DatabaseError) -> ProjectRecord {
        guard let project = try self.database.project(id), project.deleted == nil else {
            throw self.refuse(.noProject)
        }
        try self.refusing { () throws(AdministrationFailure) in try check(project.version) }
        return project
    }

    private func entry(
        _ origin: AuditOrigin, _ action: AuditEntry.Action, before: ProjectRecord? = nil, after: ProjectRecord? = nil
    ) -> AuditEntry {
        let project = after ?? before
        return AuditEntry(
            origin, action, .project, project?.id.text(.project) ?? "", organization: project?.organization,
            before: before?.audited, after: after?.audited)
    }
}

extension AdministrationFailure {
    /// The same for a project that never was and for one that is not the actor's.
    static let noProject = AdministrationFailure.notFound("there is no such project")
    static let fixedProject = AdministrationFailure(
        status: 409, code: "project_is_fixed",
        message: "the projects default and anonymous are needed by what has no key of its own: they cannot be deleted")
}
