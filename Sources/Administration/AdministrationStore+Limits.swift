import Database
public import Domain

// Limits of projects, organizations, users and the static key, and time zones of projects.
extension AdministrationStore {
    /// The limits that were set for one that is no key of `keys`; none where nothing was.
    func limits(of scope: LimitScope, _ id: EntityID) throws(AdministrationFailure) -> LimitSet {
        try self.storage { () throws(DatabaseError) in try self.database.limits(of: scope, id) }
    }

    /// Changes them; in force in every edge when it returns.
    func setLimits(
        of scope: LimitScope, _ id: EntityID, _ body: (inout LimitSet) -> Void
    ) throws(AdministrationFailure) {
        var limits = try self.limits(of: scope, id)
        body(&limits)
        try self.storage { () throws(DatabaseError) in
            try self.database.transaction { () throws(DatabaseError) in try self.database.set(limits, of: scope, id) }
        }
        try self.catchUp()
    }

    /// Gives a project another time zone; nil takes it away. Its periods end by it from then on.
    func setTimeZone(_ timeZone: String?, of id: EntityID) throws(AdministrationFailure) -> ProjectRecord {
        try self.storage { () throws(DatabaseError) in
            try self.database.transaction { () throws(DatabaseError) in
                try self.database.set(timeZone: timeZone, ofProject: id)
            }
        }
        try self.catchUp()
        return try self.project(id)
    }

    /// The project with that id.
    func project(_ id: EntityID) throws(AdministrationFailure) -> ProjectRecord {
        let found = try self.storage { () throws(DatabaseError) in try self.database.project(id) }
        guard let found else { throw .notFound("there is no project \(id.text(.project))") }
        return found
    }

    /// The organization with that id or name.
    func organization(_ text: String) throws(AdministrationFailure) -> (id: EntityID, name: String) {
        let found = try self.storage { () throws(DatabaseError) in
            try self.database.organization(id: EntityID(text: text, .organization), name: text)
        }
        guard let found else { throw .notFound("there is no organization \(text)") }
        return found
    }

    /// Projects with a time zone of their own, as far as this machine knows the zones.
    public func projectTimeZones() throws(AdministrationFailure) -> [LimitTableSettings.Project] {
        try self.projects().compactMap { project in
            project.timeZone.flatMap { self.zones.rules($0) }.map { .init(id: project.id, timeZone: $0) }
        }
    }
}
