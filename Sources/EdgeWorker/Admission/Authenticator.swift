import Cryptography
import Domain

/// Decides who sends a request, by the digest of its key alone: the key itself is nowhere to compare with.
struct Authenticator {
    private let mode: AuthenticationMode
    private let staticKey: Digest?

    init(mode: AuthenticationMode, staticKeyDigest: [UInt8]?) {
        self.mode = mode
        self.staticKey = staticKeyDigest.flatMap { Digest($0) }
    }

    /// The principal, or nil for a refusal. A key that is wrong is refused even where none is needed; whatever is wrong
    /// with it, the caller learns the same.
    func authenticate(_ credential: RequestHead.Credential, with sha: SHA256) -> Principal? {
        switch credential {
        case .none: self.mode == .optional ? .anonymous : nil
        case .key(let key): self.isStaticKey(key, sha) ? .staticKey : nil
        case .unusable: nil
        }
    }

    private func isStaticKey(_ key: String, _ sha: SHA256) -> Bool {
        let digest: Digest? = unsafe key.withHeaderBytes { bytes in
            // NIO has turned bytes that are no UTF-8 into U+FFFD by now, so two such keys could look alike.
            guard unsafe bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
            return unsafe try? sha.digest(UnsafeRawBufferPointer(bytes))
        }
        guard let digest, let staticKey = self.staticKey else { return false }
        return staticKey.isEqual(to: digest)
    }
}
