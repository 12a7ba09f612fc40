public import Domain

/// Who asks something of the administration.
public enum AdministrationActor: Hashable, Sendable {
    /// Somebody with access to the operators' socket or the state folder; may do everything.
    case person(user: UInt32)
    /// A token; `organization` is nil for one that is good for all of them.
    case token(id: EntityID, name: String, role: AdministrationRole, organization: EntityID?)
    /// Nobody who is known: may see the documentation.
    case anonymous

    /// Whether it came over the operators' socket or from the program itself.
    public var isLocal: Bool {
        if case .person = self { true } else { false }
    }

    /// The organization that is all it can see; nil for one that sees all of them.
    public var home: EntityID? {
        if case .token(_, _, _, let organization) = self { organization } else { nil }
    }
}
