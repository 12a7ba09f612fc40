import Domain

/// Which changes are asked for; the newest first.
struct AuditQuery: Hashable, Sendable {
    var actor: String?
    var kind: String?
    var target: String?
    /// Only changes of what belongs to it.
    var organization: EntityID?
    /// Milliseconds since 1970: from the first on, before the second.
    var since: UInt64?
    var until: UInt64?
    /// Only changes with lower numbers.
    var before: Int64?
    var limit = 1
}
