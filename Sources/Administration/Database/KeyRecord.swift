public import Domain

/// A client key as the control database knows it: everything but the key.
public struct KeyRecord: Hashable, Sendable {
    public var id: EntityID
    public var project: EntityID
    public var organization: EntityID
    /// The project's name.
    public var projectName: String
    public var name: String
    /// The first characters of the key, to tell keys apart; of its newest secret.
    public var shown: String
    public var limits: LimitSet
    /// The models it may use, each as in `ModelPattern`; all where it is empty.
    public var models: [[UInt8]]
    /// By which keys can be listed.
    public var tags: [String]
    public var metadata: Metadata
    /// Whether it is switched off for the time being.
    public var isDisabled: Bool
    /// Times are milliseconds since 1970.
    public var created: UInt64
    public var expires: UInt64?
    public var revoked: UInt64?
    /// One more with each change; the first is 1.
    public var version: Int64

    public init(
        id: EntityID, project: EntityID, organization: EntityID, projectName: String, name: String, shown: String,
        limits: LimitSet = LimitSet(), models: [[UInt8]] = [], tags: [String] = [], metadata: Metadata = Metadata(),
        isDisabled: Bool = false, created: UInt64, expires: UInt64? = nil, revoked: UInt64? = nil, version: Int64 = 1
    ) {
        self.id = id
        self.project = project
        self.organization = organization
        self.projectName = projectName
        self.name = name
        self.shown = shown
        self.limits = limits
        self.models = models
        self.tags = tags
        self.metadata = metadata
        self.isDisabled = isDisabled
        self.created = created
        self.expires = expires
        self.revoked = revoked
        self.version = version
    }
}
