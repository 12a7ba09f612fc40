public import Domain

/// Where an action takes place.
public enum AdministrationScope: Hashable, Sendable {
    /// The gateway and what all organizations share.
    case gateway
    case organization(EntityID)
}
