import Database
public import Domain

/// Names of what records mean by ids. Records outlive keys and projects: nil for what nobody knows any more.
public protocol EntityNames: AnyObject {
    func keyName(_ id: EntityID) -> String?
    func projectName(_ id: EntityID) -> String?
    func organizationName(_ id: EntityID) -> String?
    /// The first characters of a key, of its newest secret.
    func keyPrefix(_ id: EntityID) -> String?
    /// The ids of all keys of that name, revoked ones too; of one organization where it is given.
    func keys(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> [EntityID]
    /// The id of the project of that name; of one organization where it is given.
    func projectID(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID
}

extension AdministrationStore: EntityNames {
    public func keyName(_ id: EntityID) -> String? {
        switch id {
        case .standard: "static"
        case .anonymous: "anonymous"
        default: (try? self.key(id))?.name
        }
    }

    public func keyPrefix(_ id: EntityID) -> String? {
        id == .standard || id == .anonymous ? nil : (try? self.key(id))?.shown
    }

    public func projectName(_ id: EntityID) -> String? {
        if id == .anonymous { return "anonymous" }
        return (try? self.database.project(id))?.name
    }

    public func organizationName(_ id: EntityID) -> String? {
        id == .anonymous ? "anonymous" : (try? self.organization(id))?.name
    }

    public func keys(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> [EntityID] {
        switch name {
        case "static": [.standard]
        case "anonymous": [.anonymous]
        default:
            try self.keys(after: nil, limit: 1000, KeySelection(organization: organization, name: name)).map(\.id)
        }
    }

    public func projectID(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID {
        name == "anonymous" ? .anonymous : try self.project(name, home: organization).id
    }
}
