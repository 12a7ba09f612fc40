import COpenSSL

/// 32 bytes that SHA-256 made.
///
/// `==` is for tables of public digests; where one side stands for a secret, `isEqual(to:)` compares without telling how
/// far the two agree.
public struct Digest: Hashable, Sendable {
    /// The length of every digest.
    public static let count = 32

    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}

    /// Takes 32 bytes; nil for any other length.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Digest.count else { return nil }
        unsafe withUnsafeMutableBytes(of: &self.words) { unsafe $0.copyBytes(from: bytes) }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { unsafe withUnsafeBytes(of: self.words) { unsafe Array($0) } }

    /// Lends the 32 bytes to `body`; they are gone after it.
    public func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        unsafe withUnsafeBytes(of: self.words) { unsafe body($0) }
    }

    /// Whether `bytes` are those of this digest, in a time that does not depend on where they differ.
    public func isEqual(to bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == Digest.count, let theirs = bytes.baseAddress else { return false }
        return unsafe withUnsafeBytes(of: self.words) { mine in
            unsafe CRYPTO_memcmp(mine.baseAddress, theirs, Digest.count) == 0
        }
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    public func isEqual(to other: Digest) -> Bool {
        unsafe withUnsafeBytes(of: self.words) { mine in
            unsafe withUnsafeBytes(of: other.words) { theirs in
                unsafe CRYPTO_memcmp(mine.baseAddress, theirs.baseAddress, Digest.count) == 0
            }
        }
    }

    public static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.words.0)
        hasher.combine(self.words.1)
        hasher.combine(self.words.2)
        hasher.combine(self.words.3)
    }
}
