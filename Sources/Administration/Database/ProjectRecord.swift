public import Domain

/// A project: what keys belong to and usage is added up by.
public struct ProjectRecord: Hashable, Sendable {
    public var id: EntityID
    public var organization: EntityID
    /// The organization's name.
    public var organizationName: String
    public var name: String
    /// The IANA time zone by which its days and months begin; nil for that of the configuration.
    public var timeZone: String?
    /// Its share of a provider that has less room than there are requests, against the other projects': 1 to 1,000.
    public var weight: UInt16
    /// The models it may use, each as in `ModelPattern`; all where it is empty.
    public var models: [[UInt8]]
    public var limits: LimitSet
    public var metadata: Metadata
    /// Milliseconds since 1970.
    public var created: UInt64
    /// Milliseconds since 1970; its keys were revoked with it.
    public var deleted: UInt64?
    /// One more with each change; the first is 1.
    public var version: Int64

    public init(
        id: EntityID, organization: EntityID, organizationName: String = "", name: String, timeZone: String? = nil,
        weight: UInt16 = 1, models: [[UInt8]] = [], limits: LimitSet = LimitSet(), metadata: Metadata = Metadata(),
        created: UInt64, deleted: UInt64? = nil, version: Int64 = 1
    ) {
        self.id = id
        self.organization = organization
        self.organizationName = organizationName
        self.name = name
        self.timeZone = timeZone
        self.weight = weight
        self.models = models
        self.limits = limits
        self.metadata = metadata
        self.created = created
        self.deleted = deleted
        self.version = version
    }

    /// Whether edges need to know nothing of it.
    var isPlain: Bool { self.timeZone == nil && self.weight == 1 && self.models.isEmpty && self.limits.isEmpty }
}
