/// Who a request is charged to. Every request has one, also an anonymous one.
public struct Principal: Hashable, Sendable {
    public var organization: String
    public var project: String
    /// The key's name, never the key.
    public var key: String
    public var user: String?

    public init(organization: String, project: String, key: String, user: String? = nil) {
        self.organization = organization
        self.project = project
        self.key = key
        self.user = user
    }

    /// The bearer of `auth.static_key`.
    public static let staticKey = Principal(organization: "default", project: "default", key: "static")
    /// A caller without a key, where `auth.keys` is optional.
    public static let anonymous = Principal(organization: "default", project: "anonymous", key: "anonymous")
}
