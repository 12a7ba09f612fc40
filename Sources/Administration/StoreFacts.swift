public import Domain

/// What of the store a configuration's snapshots need. Made where the store is, and taken anywhere.
public struct StoreFacts: Hashable, Sendable {
    /// Whether there is or has been any key.
    public var hasKeys: Bool
    /// Projects with a time zone of their own, as far as this machine knows the zones.
    public var projects: [LimitTableSettings.Project]
    /// What the API adds to the configuration.
    public var objects: ObjectRecords

    public init(
        hasKeys: Bool, projects: [LimitTableSettings.Project], objects: ObjectRecords = ObjectRecords()
    ) {
        self.hasKeys = hasKeys
        self.projects = projects
        self.objects = objects
    }
}

extension AdministrationStore {
    /// As they are now.
    public func facts() throws(AdministrationFailure) -> StoreFacts {
        StoreFacts(hasKeys: try self.hasKeys(), projects: try self.projectTimeZones(), objects: try self.objects())
    }
}
