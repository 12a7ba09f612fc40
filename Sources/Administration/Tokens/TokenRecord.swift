public import Domain

/// A token of the administration as the control database knows it: everything but the token.
public struct TokenRecord: Hashable, Sendable {
    public var id: EntityID
    /// The one organization it is good for; nil for all of them, and the gateway.
    public var organization: EntityID?
    public var role: AdministrationRole
    public var name: String
    /// The first characters of the token, to tell tokens apart.
    public var shown: String
    /// Who made it, as in the audit log.
    public var madeBy: String
    /// Times are milliseconds since 1970.
    public var created: UInt64
    public var expires: UInt64?
    public var revoked: UInt64?
    /// Rises by one with each change.
    public var version: Int64

    public init(
        id: EntityID, organization: EntityID?, role: AdministrationRole, name: String, shown: String, madeBy: String,
        created: UInt64, expires: UInt64?, revoked: UInt64? = nil, version: Int64 = 1
    ) {
        self.id = id
        self.organization = organization
        self.role = role
        self.name = name
        self.shown = shown
        self.madeBy = madeBy
        self.created = created
        self.expires = expires
        self.revoked = revoked
        self.version = version
    }

    /// Whether it is good at a time.
    func isGood(at now: UInt64) -> Bool { self.revoked == nil && self.expires.map { $0 > now } ?? true }

    /// Who comes with it.
    var actor: AdministrationActor {
        .token(id: self.id, name: self.name, role: self.role, organization: self.organization)
    }
}
