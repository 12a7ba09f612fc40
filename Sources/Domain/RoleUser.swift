/// The user that processes of a role run as, where the gateway was started as root.
public struct RoleUser: Hashable, Sendable {
    public var role: Role
    public var user: UInt32
    public var group: UInt32

    /// The numbers of a role's user, its group, and its further groups; nil where the role has no user of its own.
    ///
    /// A file that two roles share belongs to its writer and to the group of its reader, so the writer is in that group too:
    /// control and aggregator in the edges' (table of keys, limit table), control in the aggregator's (usage database), edges and
    /// aggregator in the upstreams' (journals). Each further group is a number of the other roles' users.
    public static func identity(of role: Role, in users: [RoleUser]) -> [UInt32]? {
        guard let own = users.first(where: { $0.role == role }) else { return nil }
        let shared: [Role] =
            switch role {
            case .control: [.edge, .aggregator]
            case .aggregator: [.edge, .upstream]
            case .edge: [.upstream]
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
