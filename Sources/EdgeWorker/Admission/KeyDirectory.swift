import Cryptography
import Domain

/// Whom a key's digest stands for.
enum KeyLookup: Hashable {
    /// With the limits of the key's own, and the models it may use: all where there is none.
    case principal(Principal, LimitSet = LimitSet(), models: [[UInt8]] = [])
    /// No such key, or one that is revoked or has expired: a caller is not told which.
    case unknown
    /// It cannot be said now, which is not the caller's fault.
    case unavailable
}

/// What is set for a project, an organization, a user or the static key.
struct EntityLimits: Hashable {
    var limits = LimitSet()
    /// Of a project that has one of its own.
    var timeZone: TimeZoneRules?
    /// A project's share where requests wait, against the others'.
    var weight: UInt16 = 1
    /// What it may use: everything where it is empty.
    var models: [[UInt8]] = []
}

/// The keys of the gateway, by their digests, and what is set for those they belong to. Lives on the event loop.
protocol KeyDirectory: AnyObject {
    /// Look-ups can succeed.
    var isOpen: Bool { get }
    /// Opens it where it is not open, or where there is another one in its place by now. Throws what is wrong with it.
    func refresh() throws
    /// Reads what is committed at this moment: nothing is kept from one request to the next. `milliseconds` since 1970.
    func lookUp(_ digest: Digest, at milliseconds: UInt64) -> KeyLookup
    /// What was read after this was taken is good as long as it stays the same; nil while nothing can be read.
    var revision: UInt64? { get }
    /// Nothing is set where there is no row; nil where it cannot be read now.
    func limits(of scope: LimitScope, _ id: EntityID) -> EntityLimits?
}
