import Domain
import Testing

@Suite struct RoleUserTests {
    private static let users = [
        RoleUser(role: .control, user: 1, group: 11), RoleUser(role: .aggregator, user: 2, group: 12),
        RoleUser(role: .upstream, user: 3, group: 13), RoleUser(role: .edge, user: 4, group: 14),
    ]

    @Test func eachRoleHasTheGroupsOfWhatItShares() {
        #expect(RoleUser.identity(of: .control, in: Self.users) == [1, 11, 14, 12, 13])
        #expect(RoleUser.identity(of: .aggregator, in: Self.users) == [2, 12, 13])
        #expect(RoleUser.identity(of: .upstream, in: Self.users) == [3, 13])
        #expect(RoleUser.identity(of: .edge, in: Self.users) == [4, 14, 13])
    }

    @Test func oneUserForAllNeedsNoFurtherGroups() {
        let users = [Role.control, .aggregator, .upstream, .edge].map { RoleUser(role: $0, user: 5, group: 6) }
        for user in users { #expect(RoleUser.identity(of: user.role, in: users) == [5, 6]) }
    }

    @Test func withoutUsersThereIsNone() {
        #expect(RoleUser.identity(of: .edge, in: []) == nil)
    }
}
