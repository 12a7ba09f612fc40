import Administration
import Domain
import EventLog
import Platform

/// Which users of this machine the workers run as.
enum RoleUsers {
    static let roles = [Role.control, .aggregator, .upstream, .edge]

    /// One user for each worker, or none where every process runs as the supervisor does: that is so unless the gateway was started
    /// as root, and unless the configuration names a user or the machine has the four users `sluice-control`, `sluice-aggregator`,
    /// `sluice-upstream` and `sluice-edge`. `find` looks a name up.
    static func resolve(
        _ configured: String?, asRoot: Bool, find: (String) -> ProcessUser? = ProcessUser.named
    ) throws(StartFailure) -> [RoleUser] {
        guard asRoot else { return [] }
        guard let name = configured else { return try self.ofTheSystem(find) }
        guard let user = find(name) else { throw self.failure("this machine has no user \(name)") }
        guard user.user != 0 else { return [] }
        return self.roles.map { RoleUser(role: $0, user: user.user, group: user.group) }
    }

    private static func ofTheSystem(_ find: (String) -> ProcessUser?) throws(StartFailure) -> [RoleUser] {
        let users = self.roles.compactMap { role in
            find(role.program).map { RoleUser(role: role, user: $0.user, group: $0.group) }
        }
        guard users.count == self.roles.count else { return [] }
        // Whoever shares a group with another could read that one's files.
        guard Set(users.map(\.user)).count == users.count, Set(users.map(\.group)).count == users.count,
            users.allSatisfy({ $0.user != 0 && $0.group != 0 })
        else {
            throw self.failure(
                "the users \(self.roles.map(\.program).joined(separator: ", ")) must differ from each other and from root, "
                    + "and so must their groups")
        }
        return users
    }

    private static func failure(_ reason: String) -> StartFailure {
        StartFailure("user: \(reason)", code: ControlExitCode.configuration)
    }
}
