import Cryptography
import Domain

extension Vault {
    /// What the database keeps of a key whose SHA-256 this is.
    func kept(sha256: Digest) throws(VaultError) -> (digest: Digest, sealed: [UInt8]) {
        let digest = try self.digest(ofKey: sha256)
        return (digest, try self.seal(Secret(sha256.bytes), for: .key(digest)))
    }

    /// The SHA-256 of a key, of which the database keeps this.
    func sha256(of digest: Digest, sealed: [UInt8]) throws(VaultError) -> Digest {
        let secret = try self.open(sealed, for: .key(digest))
        guard let sha256 = Digest(secret.withBytes { $0 }) else {
            throw .damaged("what is kept of a key is no digest")
        }
        return sha256
    }
}
