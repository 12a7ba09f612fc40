import Cryptography
import Domain

/// One secret of a key, as the control database has it.
struct KeySecret: Hashable, Sendable {
    /// HMAC-SHA256 of the key's SHA-256, with the pepper.
    var digest: Digest
    var key: EntityID
    /// The key's SHA-256, sealed.
    var sealed: [UInt8]
    /// The first characters of the key.
    var shown: String
    /// Times are milliseconds since 1970.
    var created: UInt64
    /// From when on it is not good any more; nil for the key's newest.
    var until: UInt64?
}
