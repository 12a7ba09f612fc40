public import Domain

/// A project: what keys belong to and usage is added up by.
public struct ProjectRecord: Hashable, Sendable {
    public var id: EntityID
    public var organization: EntityID
    public var name: String
    /// The IANA time zone by which its days and months begin; nil for that of the configuration.
    public var timeZone: String?
    /// Milliseconds since 1970.
    public var created: UInt64

    public init(id: EntityID, organization: EntityID, name: String, timeZone: String?, created: UInt64) {
        self.id = id
        self.organization = organization
        self.name = name
        self.timeZone = timeZone
        self.created = created
    }
}
