import Cryptography
import Domain

/// Whom a key's digest stands for.
enum KeyLookup: Hashable {
    case principal(Principal)
    /// No such key, or one that is revoked or has expired: a caller is not told which.
    case unknown
    /// It cannot be said now, which is not the caller's fault.
    case unavailable
}

/// The keys of the gateway, by their digests. Lives on the event loop.
protocol KeyDirectory: AnyObject {
    /// Look-ups can succeed.
    var isOpen: Bool { get }
    /// Opens it where it is not open, or where there is another one in its place by now. Throws what is wrong with it.
    func refresh() throws
    /// Reads what is committed at this moment: nothing is kept from one request to the next. `milliseconds` since 1970.
    func lookUp(_ digest: Digest, at milliseconds: UInt64) -> KeyLookup
}
