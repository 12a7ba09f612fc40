public import Domain

// What lists have in common.
extension AdministrationCall {
    /// The organization that a list is asked for: that of the member, where it is there; for an actor who sees one organization only, that
    /// one. Nil for all of them. Throws 404 for one that the actor does not see.
    public mutating func organizationFilter(_ name: String) throws(AdministrationFailure) -> EntityID? {
        guard let id = try self.fields.id(name, .organization) else { return self.actor.home }
        guard self.actor.home == nil || self.actor.home == id else { throw .hidden }
        return id
    }
}

extension RequestFields {
    /// An id of the kind; nil where the member is missing or null.
    mutating func id(_ name: String, _ kind: EntityID.Kind) throws(AdministrationFailure) -> EntityID? {
        guard let text = try self.text(name) else { return nil }
        guard let id = EntityID(text: text, kind) else {
            throw self.unusable(name, "the id of \(kind.noun)")
        }
        return id
    }

    /// `limit` of a list: 1 to `maximum`, which is also what stands for a missing one.
    public mutating func pageSize(_ maximum: Int) throws(AdministrationFailure) -> Int {
        guard let count = try self.count("limit") else { return maximum }
        guard (1...Int64(maximum)).contains(count) else { throw self.unusable("limit", "1 to \(maximum)") }
        return Int(count)
    }
}

extension EntityID.Kind {
    /// In the middle of a sentence.
    fileprivate var noun: String {
        switch self {
        case .organization: "an organization"
        case .project: "a project"
        case .key: "a key"
        case .user: "a user"
        case .token: "a token"
        }
    }
}
