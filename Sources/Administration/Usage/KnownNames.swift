import Domain

/// Names that were looked up for one answer: the same few stand in all its rows.
final class KnownNames: EntityNames {
    private let names: any EntityNames
    private var found: [[UInt64]: String?] = [:]

    init(_ names: any EntityNames) {
        self.names = names
    }

    func keyName(_ id: EntityID) -> String? { self.name(0, id) { self.names.keyName(id) } }
    func projectName(_ id: EntityID) -> String? { self.name(1, id) { self.names.projectName(id) } }
    func keyPrefix(_ id: EntityID) -> String? { self.name(3, id) { self.names.keyPrefix(id) } }
    func organizationName(_ id: EntityID) -> String? { self.name(2, id) { self.names.organizationName(id) } }

    func keys(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> [EntityID] {
        try self.names.keys(named: name, of: organization)
    }

    func projectID(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID {
        try self.names.projectID(named: name, of: organization)
    }

    private func name(_ kind: UInt64, _ id: EntityID, _ look: () -> String?) -> String? {
        let key = [kind, id.high, id.low]
        if let known = self.found[key] { return known }
        let name = look()
        self.found[key] = .some(name)
        return name
    }
}
