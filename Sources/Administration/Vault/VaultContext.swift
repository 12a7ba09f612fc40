public import Cryptography

/// What sealed bytes are for. They can be opened for the same purpose only, so that nobody who can write to the database can pass one
/// secret off as another.
public enum VaultContext: Hashable, Sendable {
    /// The secret that digests of keys and tokens are made with.
    case pepper
    /// By what a wrong master key is noticed.
    case check
    /// The SHA-256 of a client key, in the row with that digest.
    case key(Digest)
    /// The credentials of the provider with that name.
    case provider(String)
    /// The answer to a request with an Idempotency-Key.
    case reply(actor: String, key: String)

    /// What is authenticated with the sealed bytes; no two contexts have the same.
    var bytes: [UInt8] {
        switch self {
        case .pepper: return Array("pepper".utf8)
        case .check: return Array("check".utf8)
        case .key(let digest): return Array("key ".utf8) + digest.bytes
        case .provider(let name): return Array("provider ".utf8) + Array(name.utf8)
        case .reply(let actor, let key):
            // The length tells where one ends and the other begins.
            let actor = Array(actor.utf8)
            return Array("reply \(actor.count) ".utf8) + actor + Array(key.utf8)
        }
    }
}
