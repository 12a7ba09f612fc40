public import Domain

/// Who may do what: the only place that knows. Pure.
public enum AdministrationPolicy {
    /// What becomes of an action.
    public enum Verdict: Hashable, Sendable {
        case allowed
        /// The actor may see what it asked for but not do this: 403.
        case forbidden
        /// For the actor it does not exist: the same 404 as for what is absent.
        case hidden
    }

    public static func verdict(
        _ actor: AdministrationActor, _ action: AdministrationAction, in scope: AdministrationScope
    ) -> Verdict {
        switch actor {
        case .person: return .allowed
        case .anonymous: return .hidden
        case .token(_, _, let role, let home):
            switch scope {
            case .organization(let organization):
                guard home == nil || home == organization else { return .hidden }
            case .gateway:
                guard home == nil else { return .forbidden }
            }
            return role >= self.least(action) ? .allowed : .forbidden
        }
    }

    /// Throws 404 (as for what is absent, in the words of `absent`) or 403 where the actor may not.
    static func require(
        _ actor: AdministrationActor, _ action: AdministrationAction, in scope: AdministrationScope,
        absent: AdministrationFailure = .hidden
    ) throws(AdministrationFailure) {
        switch self.verdict(actor, action, in: scope) {
        case .allowed: return
        case .forbidden: throw .forbidden
        case .hidden: throw absent
        }
    }

    /// Whether an actor may give somebody a role: nobody gives, changes or takes more than he has himself.
    public static func mayGrant(
        _ actor: AdministrationActor, _ role: AdministrationRole, in organization: EntityID?
    ) -> Bool {
        switch actor {
        case .person: true
        case .anonymous: false
        case .token(_, _, let own, let home): role <= own && (home == nil || home == organization)
        }
    }

    /// The least role that may do it.
    public static func least(_ action: AdministrationAction) -> AdministrationRole {
        switch action {
        case .readOrganization, .readProjects, .readKeys, .readLimits, .readUsage, .readConfiguration, .readGateway:
            .viewer
        case .changeKeys: .member
        case .changeProjects, .changeLimits, .changeConfiguration, .readTokens, .readAudit: .admin
        case .changeOrganization, .createOrganization, .changeTokens, .orderGateway: .owner
        }
    }
}
