public import Domain

/// Which keys are asked for; nil means any.
public struct KeySelection: Hashable, Sendable {
    public var organization: EntityID?
    public var project: EntityID?
    public var name: String?
    public var tag: String?
    public var isRevoked: Bool?

    public init(
        organization: EntityID? = nil, project: EntityID? = nil, name: String? = nil, tag: String? = nil,
        isRevoked: Bool? = nil
    ) {
        self.organization = organization
        self.project = project
        self.name = name
        self.tag = tag
        self.isRevoked = isRevoked
    }

    /// Whether a text is asked for that no row can have, and PostgreSQL takes for an error.
    var isImpossible: Bool {
        [self.name, self.tag].contains { $0.map { $0.utf8.contains(0) } ?? false }
    }
}
