/// OpenSSL could not do what it was asked for. But for `.open`, nothing from outside leads here: memory or the installation is at fault.
public struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done.
    public let operation: Operation

    /// The operations that can fail.
    public enum Operation: String, Hashable, Sendable {
        case fetchDigest = "fetch SHA-256"
        case fetchMAC = "fetch HMAC"
        case fetchCipher = "fetch AES-256-GCM"
        case makeContext = "make a context"
        case digest = "digest"
        case authenticate = "authenticate"
        case seal = "seal"
        /// The bytes were not sealed with this key and context, or were changed since; which of these it is nobody can tell.
        case open = "open sealed bytes"
        case random = "random bytes"
    }

    init(_ operation: Operation) {
        self.operation = operation
    }

    public var description: String { "OpenSSL failed: \(self.operation.rawValue)" }
}
