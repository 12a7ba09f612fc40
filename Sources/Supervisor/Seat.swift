import Domain

/// A place in the tree that one process at a time holds: "the second edge". The process in it changes, the seat stays.
struct Seat: Hashable, Sendable {
    var role: Role
    /// From 0 within the role.
    var index: UInt16
    /// The generation it belongs to.
    var generation: UInt32 = 1

    /// Of the first generation.
    static let control = Seat(role: .control, index: 0)
    static let aggregator = Seat(role: .aggregator, index: 0)
}
