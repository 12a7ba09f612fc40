import Database
import Domain

// Limits of projects, organizations, users and the static key.
extension AdministrationStore {
    /// The limits that were set for one that is no key of `keys`; none where nothing was.
    func limits(of scope: LimitScope, _ id: EntityID) throws(AdministrationFailure) -> LimitSet {
        try self.storage { () throws(DatabaseError) in try self.database.limits(of: scope, id) }
    }

    /// Changes them; in force in every edge when it returns. `organization` is whose they are, for the audit log.
    func setLimits(
        of scope: LimitScope, _ id: EntityID, organization: EntityID? = nil, from origin: AuditOrigin = .gateway,
        _ body: (inout LimitSet) -> Void
    ) throws(AdministrationFailure) {
        if scope == .project {
            // They are a part of what a project is.
            _ = try self.updateProject(id, from: origin) { body(&$0.limits) }
            return
        }
        try self.commit { (number) throws(DatabaseError) in
            let before = try self.database.limits(of: scope, id)
            var after = before
            body(&after)
            guard after != before else { return ((), nil) }
            try self.database.set(after, of: scope, id, number: number)
            return (
                (),
                AuditEntry(
                    origin, .update, .limits, Self.target(scope, id), organization: organization,
                    before: AuditEntry.object { $0.members(of: before) },
                    after: AuditEntry.object { $0.members(of: after) })
            )
        }
        try self.catchUp()
    }

    private static func target(_ scope: LimitScope, _ id: EntityID) -> String {
        switch scope {
        case .organization: id.text(.organization)
        case .user: id.text(.user)
        case .project: id.text(.project)
        case .key: id == .standard ? "static" : id.text(.key)
        default: "\(scope.name)"
        }
    }

    /// The organization with that id or name.
    func organization(_ text: String) throws(AdministrationFailure) -> (id: EntityID, name: String) {
        let found = try self.storage { () throws(DatabaseError) in
            try self.database.organization(id: EntityID(text: text, .organization), name: text)
        }
        guard let found else { throw .noOrganization }
        return found
    }
}
