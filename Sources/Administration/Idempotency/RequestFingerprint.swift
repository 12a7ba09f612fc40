import Cryptography

/// By what a request is recognized that comes again under its Idempotency-Key. A request may hold a password, so what is kept says nothing
/// to who does not have the pepper.
struct RequestFingerprint: Hashable, Sendable {
    /// The first byte of what is kept; rows of former versions have a bare SHA-256 without it.
    private static let version: UInt8 = 1

    /// What is kept.
    let bytes: [UInt8]
    /// What a former version kept.
    private let former: [UInt8]

    /// That of a request whose text has this SHA-256.
    init(_ sha256: Digest, actor: String, key: String, _ vault: Vault) throws(VaultError) {
        self.bytes = try [Self.version] + vault.digest(ofRequest: sha256, actor: actor, key: key).bytes
        self.former = sha256.bytes
    }

    /// Whether the bytes of a row are those of the same request.
    func matches(_ bytes: [UInt8]) -> Bool { bytes == self.bytes || bytes == self.former }
}
