import Domain

/// What is set for a project, an organization, a user or the static key.
struct EntityRecord: Hashable, Sendable {
    var scope: LimitScope
    var id: EntityID
    var limits: LimitSet
    /// A project's own time zone.
    var timeZone: String?
}
