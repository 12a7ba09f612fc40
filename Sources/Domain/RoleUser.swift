/// The user that processes of a role run as, where the gateway was started as root.
public struct RoleUser: Hashable, Sendable {
    public var role: Role
    public var user: UInt32
    public var group: UInt32

    public init(role: Role, user: UInt32, group: UInt32) {
        self.role = role
        self.user = user
        self.group = group
    }
}
