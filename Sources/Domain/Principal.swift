/// Who a request is charged to. Every request has one, also an anonymous one.
public struct Principal: Hashable, Sendable {
    public var organization: EntityID
    public var project: EntityID
    /// The key's id; neither the key nor its digest.
    public var key: EntityID
    public var user: EntityID?

    public init(organization: EntityID, project: EntityID, key: EntityID, user: EntityID? = nil) {
        self.organization = organization
        self.project = project
        self.key = key
        self.user = user
    }

    /// The bearer of `auth.static_key`: key `static` of project `default`.
    public static let staticKey = Principal(organization: .standard, project: .standard, key: .standard)
    /// A caller without a key, where `auth.keys` is optional: key `anonymous` of project `anonymous`.
    public static let anonymous = Principal(organization: .standard, project: .anonymous, key: .anonymous)
}
