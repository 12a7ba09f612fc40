public import Domain

/// A project: what keys belong to and usage is added up by.
public struct ProjectRecord: Hashable, Sendable {
    public var id: EntityID
    public var organization: EntityID
    public var name: String
    /// The IANA time zone by which its days and months begin; nil for that of the configuration.
    public var timeZone: String?
    /// Its share of a provider that has less room than there are requests, against the other projects': 1 to 1,000.
    public var weight: UInt16
    /// The models it may use, each as in `ModelPattern`; all where it is empty.
    public var models: [[UInt8]]
    /// Milliseconds since 1970.
    public var created: UInt64

    public init(
        id: EntityID, organization: EntityID, name: String, timeZone: String?, weight: UInt16 = 1,
        models: [[UInt8]] = [], created: UInt64
    ) {
        self.id = id
        self.organization = organization
        self.name = name
        self.timeZone = timeZone
        self.weight = weight
        self.models = models
        self.created = created
    }
}
