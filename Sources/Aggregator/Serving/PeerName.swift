import Domain

/// A process at the other end of a link.
struct PeerName: Hashable, Sendable {
    var role: Role
    var instance: UInt32
}
