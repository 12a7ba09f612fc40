public import Domain
import Identity

/// A client key as the control database knows it: everything but the key.
public struct KeyRecord: Hashable, Sendable {
    public var id: EntityID
    public var project: EntityID
    public var organization: EntityID
    /// The project's name.
    public var projectName: String
    public var name: String
    /// The first characters of the key, to tell keys apart.
    public var shown: String
    public var limits: LimitSet
    /// The models it may use, each as in `ModelPattern`; all where it is empty.
    public var models: [[UInt8]]
    /// Times are milliseconds since 1970.
    public var created: UInt64
    public var expires: UInt64?
    public var revoked: UInt64?

    public init(
        id: EntityID, project: EntityID, organization: EntityID, projectName: String, name: String, shown: String,
        limits: LimitSet, models: [[UInt8]], created: UInt64, expires: UInt64?, revoked: UInt64?
    ) {
        self.id = id
        self.project = project
        self.organization = organization
        self.projectName = projectName
        self.name = name
        self.shown = shown
        self.limits = limits
        self.models = models
        self.created = created
        self.expires = expires
        self.revoked = revoked
    }

    /// What the identity table says of it; nil once it is revoked.
    var identity: IdentityRow? {
        guard self.revoked == nil else { return nil }
        let principal = Principal(organization: self.organization, project: self.project, key: self.id)
        return IdentityRow(
            principal: principal, expires: self.expires, limits: self.limits, models: self.models)
    }
}
