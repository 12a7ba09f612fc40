public import Domain

/// What of the store a configuration's snapshots need. Made where the store is, and taken anywhere.
public struct StoreFacts: Hashable, Sendable {
    /// Whether there is or has been any key.
    public var hasKeys: Bool
    /// Projects with a time zone of their own, as far as this machine knows the zones.
    public var projects: [LimitTableSettings.Project]
    /// What the API adds to the configuration.
    public var objects: ObjectRecords
    /// The catalogue in force.
    public var catalogue: CatalogueRecord?

    public init(
        hasKeys: Bool, projects: [LimitTableSettings.Project], objects: ObjectRecords = ObjectRecords(),
        catalogue: CatalogueRecord? = nil
    ) {
        self.hasKeys = hasKeys
        self.projects = projects
        self.objects = objects
        self.catalogue = catalogue
    }
}

extension AdministrationStore {
    /// As they are now.
    public func facts() throws(AdministrationFailure) -> StoreFacts {
        // The number of the objects is read first: what comes in between has a later one, and is asked for again.
        let objects = try self.objects()
        return StoreFacts(
            hasKeys: try self.hasKeys(), projects: try self.projectTimeZones(), objects: objects,
            catalogue: try self.catalogue())
    }
}
