/// The user that processes of a role run as, where the gateway was started as root.
public struct RoleUser: Hashable, Sendable {
    public var role: Role
    public var user: UInt32
    public var group: UInt32

    /// The numbers of a role's user, its group, and its further groups; nil where the role has no user of its own.
    ///
    /// A file that two roles share belongs to who makes it, and its group is that of who reads it, which it has from its folder.
    /// Control also reads what edges, upstreams and aggregator share (limit table, table of providers, usage database); the
    /// upstreams' group is that of the journals, too, which edges make as well and the aggregator reads.
    public static func identity(of role: Role, in users: [RoleUser]) -> [UInt32]? {
        guard let own = users.first(where: { $0.role == role }) else { return nil }
        let shared: [Role] =
            switch role {
            case .control: [.edge, .aggregator, .upstream]
            case .aggregator, .edge: [.upstream]
            case .upstream, .supervisor: []
            }
        var groups: [UInt32] = []
        for other in shared {
            guard let group = users.first(where: { $0.role == other })?.group, group != own.group,
                !groups.contains(group)
            else { continue }
            groups.append(group)
        }
        return [own.user, own.group] + groups
    }

    public init(role: Role, user: UInt32, group: UInt32) {
        self.role = role
        self.user = user
        self.group = group
    }
}
