import Domain
import Testing

@testable import Administration

@Suite struct AdministrationPolicyTests {
    private static let home = EntityID(high: 1, low: 1)
    private static let other = EntityID(high: 2, low: 2)

    /// Who may at least do what, written down a second time.
    private static let least: [AdministrationAction: AdministrationRole] = [
        .readOrganization: .viewer, .changeOrganization: .owner, .createOrganization: .owner,
        .readProjects: .viewer, .changeProjects: .admin, .readKeys: .viewer, .changeKeys: .member,
        .readLimits: .viewer, .changeLimits: .admin, .readUsage: .viewer, .readTokens: .admin,
        .changeTokens: .owner, .readAudit: .admin, .readConfiguration: .viewer, .changeConfiguration: .admin,
        .readGateway: .viewer, .orderGateway: .owner,
    ]

    @Test func everyActionOfEveryRoleEverywhere() {
        #expect(Set(Self.least.keys) == Set(AdministrationAction.allCases))
        for action in AdministrationAction.allCases {
            for role in AdministrationRole.allCases {
                let isEnough = role >= Self.least[action] ?? .owner
                let wide = AdministrationActor.token(id: .standard, name: "t", role: role, organization: nil)
                let narrow = AdministrationActor.token(id: .standard, name: "t", role: role, organization: Self.home)
                let allowed: AdministrationPolicy.Verdict = isEnough ? .allowed : .forbidden
                for scope in [AdministrationScope.gateway, .organization(Self.home), .organization(Self.other)] {
                    #expect(AdministrationPolicy.verdict(wide, action, in: scope) == allowed)
                }
                #expect(AdministrationPolicy.verdict(narrow, action, in: .organization(Self.home)) == allowed)
                // Of what belongs to others it does not even learn that it is there, whatever its role.
                #expect(AdministrationPolicy.verdict(narrow, action, in: .organization(Self.other)) == .hidden)
                #expect(AdministrationPolicy.verdict(narrow, action, in: .gateway) == .forbidden)
            }
            for scope in [AdministrationScope.gateway, .organization(Self.home)] {
                #expect(AdministrationPolicy.verdict(.person(user: 7), action, in: scope) == .allowed)
                #expect(AdministrationPolicy.verdict(.anonymous, action, in: scope) == .hidden)
            }
        }
    }

    @Test func nobodyGivesMoreThanHeHas() {
        for own in AdministrationRole.allCases {
            for given in AdministrationRole.allCases {
                let wide = AdministrationActor.token(id: .standard, name: "t", role: own, organization: nil)
                let narrow = AdministrationActor.token(id: .standard, name: "t", role: own, organization: Self.home)
                #expect(AdministrationPolicy.mayGrant(wide, given, in: nil) == (given <= own))
                #expect(AdministrationPolicy.mayGrant(wide, given, in: Self.home) == (given <= own))
                #expect(AdministrationPolicy.mayGrant(narrow, given, in: Self.home) == (given <= own))
                #expect(!AdministrationPolicy.mayGrant(narrow, given, in: nil))
                #expect(!AdministrationPolicy.mayGrant(narrow, given, in: Self.other))
                #expect(!AdministrationPolicy.mayGrant(.anonymous, given, in: nil))
                #expect(AdministrationPolicy.mayGrant(.person(user: 0), given, in: nil))
            }
        }
    }
}
