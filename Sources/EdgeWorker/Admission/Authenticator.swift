import Cryptography
import Domain

/// Decides who sends a request, by the digest of its key alone: the key itself is nowhere to compare with, and nowhere kept.
struct Authenticator {
    /// What is decided.
    enum Verdict: Hashable {
        /// With the limits of the key's own, nil where those are not the key's to bring, and the models it may use: all
        /// where there is none.
        case principal(Principal, LimitSet? = nil, models: [[UInt8]] = [])
        /// Whatever is wrong with the key, the caller learns the same.
        case refused
        /// The keys cannot be looked up now.
        case unavailable
    }

    private let mode: AuthenticationMode
    private let staticKey: Digest?

    init(mode: AuthenticationMode, staticKeyDigest: [UInt8]?) {
        self.mode = mode
        self.staticKey = staticKeyDigest.flatMap { Digest($0) }
    }

    /// A key that is wrong is refused even where none is needed. `lookUp` is asked for keys that are not the static one; the
    /// digest is made once.
    func authenticate(
        _ credential: RequestHead.Credential, with sha: SHA256, lookUp: (Digest) -> KeyLookup
    ) -> Verdict {
        switch credential {
        case .none: return self.mode == .optional ? .principal(.anonymous) : .refused
        case .unusable: return .refused
        case .key(let key):
            guard let digest = Authenticator.digest(key, sha) else { return .refused }
            if let staticKey = self.staticKey, staticKey.isEqual(to: digest) { return .principal(.staticKey) }
            switch lookUp(digest) {
            case .principal(let principal, let limits, let models):
                return .principal(principal, limits, models: models)
            case .unknown: return .refused
            case .unavailable: return .unavailable
            }
        }
    }

    private static func digest(_ key: String, _ sha: SHA256) -> Digest? {
        unsafe key.withHeaderBytes { bytes in
            // NIO has turned bytes that are no UTF-8 into U+FFFD by now, so two such keys could look alike.
            guard unsafe bytes.allSatisfy({ $0 < 0x80 }) else { return nil }
            return unsafe try? sha.digest(UnsafeRawBufferPointer(bytes))
        }
    }
}
