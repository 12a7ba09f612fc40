import Domain

/// What is set for a project, an organization, a user or the static key.
struct EntityRecord: Hashable, Sendable {
    var scope: LimitScope
    var id: EntityID
    var limits: LimitSet
    /// A project's own time zone.
    var timeZone: String?
    /// A project's own; 1 for what is none.
    var weight: UInt16 = 1
    /// Those a project may use; all where it is empty.
    var models: [[UInt8]] = []
}
