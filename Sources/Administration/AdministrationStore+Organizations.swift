import Database
public import Domain

// Organizations, which projects belong to.
extension AdministrationStore {
    /// Makes an organization.
    func createOrganization(
        name: String, metadata: Metadata, from origin: AuditOrigin, answer: Answer<OrganizationRecord>? = nil
    ) throws(AdministrationFailure) -> OrganizationRecord {
        let organization = OrganizationRecord(
            id: try self.newID(), name: name, metadata: metadata, created: self.clock())
        let entry = AuditEntry(
            origin, .create, .organization, organization.id.text(.organization), organization: organization.id,
            after: organization.audited)
        return try self.change(taken: Self.taken(name), audit: entry, answer: answer) { (_) throws(DatabaseError) in
            try OrganizationTable(self.connection).insert(organization)
            return organization
        }
    }

    /// The organization with that id; throws 404 for one that is deleted.
    public func organization(_ id: EntityID) throws(AdministrationFailure) -> OrganizationRecord {
        let found = try self.storage { () throws(DatabaseError) in
            try OrganizationTable(self.connection).organization(id)
        }
        guard let found, found.deleted == nil else { throw .noOrganization }
        return found
    }

    /// Organizations that are not deleted, in the order of their ids.
    func organizations(
        after: EntityID? = nil, limit: Int, only: EntityID? = nil, name: String? = nil
    ) throws(AdministrationFailure) -> [OrganizationRecord] {
        try self.storage { () throws(DatabaseError) in
            try OrganizationTable(self.connection).organizations(after: after, limit: limit, only: only, name: name)
        }
    }

    /// Writes a changed organization; `before` is what it was, and what it must still be.
    func updateOrganization(
        _ organization: OrganizationRecord, before: OrganizationRecord, from origin: AuditOrigin
    ) throws(AdministrationFailure) -> OrganizationRecord {
        var changed = organization
        changed.version = before.version + 1
        let record = changed
        let entry = AuditEntry(
            origin, .update, .organization, record.id.text(.organization), organization: record.id,
            before: before.audited, after: record.audited)
        let isDone = try self.changeIf(taken: Self.taken(record.name), audit: entry) { (_) throws(DatabaseError) in
            guard try OrganizationTable(self.connection).organization(record.id) == before else { return false }
            try OrganizationTable(self.connection).update(record)
            return true
        }
        guard isDone else { throw .changedMeanwhile }
        return record
    }

    /// Deletes an organization that has no projects any more; what it used stays counted. Its tokens are good for nothing from then on.
    func deleteOrganization(
        _ before: OrganizationRecord, from origin: AuditOrigin
    ) throws(AdministrationFailure) {
        var changed = before
        changed.deleted = self.clock()
        changed.version = before.version + 1
        let record = changed
        let entry = AuditEntry(
            origin, .delete, .organization, record.id.text(.organization), organization: record.id,
            before: before.audited)
        var hasProjects = false
        let isDone = try self.changeIf(audit: entry) { (_) throws(DatabaseError) in
            let table = OrganizationTable(self.connection)
            hasProjects = try table.hasProjects(record.id)
            guard !hasProjects, try table.organization(record.id) == before else { return false }
            try table.update(record)
            return true
        }
        guard !hasProjects else {
            throw AdministrationFailure(
                status: 409, code: "not_empty", message: "the organization still has projects: delete them first")
        }
        guard isDone else { throw .changedMeanwhile }
    }

    /// Whether the organization that a token is good for is still there.
    func hasOrganization(of token: TokenRecord) throws(AdministrationFailure) -> Bool {
        guard let id = token.organization else { return true }
        let found = try self.storage { () throws(DatabaseError) in
            try OrganizationTable(self.connection).organization(id)
        }
        return found.map { $0.deleted == nil } ?? false
    }

    private static func taken(_ name: String) -> String { "there is an organization named \(name) already" }
}

extension AdministrationFailure {
    static let noOrganization = AdministrationFailure.notFound("there is no such organization")
}
