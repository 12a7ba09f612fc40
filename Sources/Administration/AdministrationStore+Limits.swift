import Database
import Domain

// Limits of projects, organizations, users and the static key.
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

    /// The organization with that id or name.
    func organization(_ text: String) throws(AdministrationFailure) -> (id: EntityID, name: String) {
        let found = try self.storage { () throws(DatabaseError) in
            try self.database.organization(id: EntityID(text: text, .organization), name: text)
        }
        guard let found else { throw .notFound("there is no organization \(text)") }
        return found
    }
}
