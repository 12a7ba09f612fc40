import Domain

/// One change as it is read from the audit log.
struct AuditRow: Hashable, Sendable {
    /// Of the change; newer ones have higher numbers.
    var number: Int64
    /// Milliseconds since 1970.
    var time: UInt64
    var actor: String
    var actorName: String
    var organization: EntityID?
    var action: String
    var kind: String
    var target: String
    /// JSON.
    var before: [UInt8]?
    var after: [UInt8]?
    var address: String?
    var request: String?
}
