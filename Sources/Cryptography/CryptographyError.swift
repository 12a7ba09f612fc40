/// OpenSSL could not do what it was asked for. Nothing a client sends leads here: memory or the installation is at fault.
public struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done.
    public let operation: Operation

    /// The operations that can fail.
    public enum Operation: String, Hashable, Sendable {
        case fetchDigest = "fetch SHA-256"
        case makeContext = "make a digest context"
        case digest = "digest"
        case random = "random bytes"
    }

    init(_ operation: Operation) {
        self.operation = operation
    }

    public var description: String { "OpenSSL failed: \(self.operation.rawValue)" }
}
