import Cryptography
import Domain
import Identity

/// What identity tables need to know of one secret of a key.
struct FollowedKey: Hashable, Sendable {
    /// That of the secret, in the control database.
    var digest: Digest
    /// The key's SHA-256, sealed.
    var sealed: [UInt8]
    var principal: Principal
    var isDisabled: Bool
    /// When the key expires or the secret ends, whichever is first.
    var expires: UInt64?
    /// Whether the key is revoked, or the secret has ended.
    var isOver: Bool
    var limits: LimitSet
    var models: [[UInt8]]
    /// The number of the key's last change.
    var number: UInt64

    /// The row; nil where there is to be none.
    var row: IdentityRow? {
        guard !self.isOver else { return nil }
        return IdentityRow(
            principal: self.principal, isEnabled: !self.isDisabled, expires: self.expires, limits: self.limits,
            models: self.models)
    }
}
