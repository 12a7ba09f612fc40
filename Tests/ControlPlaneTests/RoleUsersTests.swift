import Domain
import EventLog
import Platform
import Testing

@testable import ControlPlane

@Suite struct RoleUsersTests {
    private static let system = [
        "sluice-control": ProcessUser(user: 1, group: 11), "sluice-aggregator": ProcessUser(user: 2, group: 12),
        "sluice-upstream": ProcessUser(user: 3, group: 13), "sluice-edge": ProcessUser(user: 4, group: 14),
    ]

    private func users(
        _ name: String? = nil, asRoot: Bool = true, _ known: [String: ProcessUser] = system
    ) throws -> [RoleUser] {
        try RoleUsers.resolve(name, asRoot: asRoot) { known[$0] }
    }

    @Test func theSystemsUsersAreTaken() throws {
        #expect(
            try self.users() == [
                RoleUser(role: .control, user: 1, group: 11), RoleUser(role: .aggregator, user: 2, group: 12),
                RoleUser(role: .upstream, user: 3, group: 13), RoleUser(role: .edge, user: 4, group: 14),
            ])
    }

    @Test func onlyRootCanAndOnlyWhereAllAreThere() throws {
        #expect(try self.users(asRoot: false).isEmpty)
        #expect(try self.users("somebody", asRoot: false).isEmpty)
        #expect(try self.users(nil, Self.system.filter { $0.key != "sluice-edge" }).isEmpty)
    }

    @Test func oneUserCanBeNamed() throws {
        let found = try self.users("one", ["one": ProcessUser(user: 9, group: 8)])
        #expect(found.count == 4 && found.allSatisfy { $0.user == 9 && $0.group == 8 })
        #expect(try self.users("root", ["root": ProcessUser(user: 0, group: 0)]).isEmpty)
        let failure = #expect(throws: StartFailure.self) { try self.users("nobody-here") }
        #expect(failure?.code == 78 && failure?.message == "user: this machine has no user nobody-here")
    }

    @Test(arguments: [
        ProcessUser(user: 1, group: 14), ProcessUser(user: 4, group: 11), ProcessUser(user: 0, group: 14),
        ProcessUser(user: 4, group: 0),
    ])
    func sharedUsersAreRefused(_ edge: ProcessUser) {
        let failure = #expect(throws: StartFailure.self) {
            try self.users(nil, Self.system.merging(["sluice-edge": edge]) { $1 })
        }
        #expect(failure?.message.contains("must differ") == true)
    }
}
