internal import Glibc

/// Names and words of JSON as bytes.
enum JSONName {
    /// Whether `bytes` are exactly `literal`.
    static func equals(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
        guard bytes.count == literal.utf8CodeUnitCount else { return false }
        return unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return true }
            return unsafe memcmp(start, literal.utf8Start, buffer.count) == 0
        }
    }
}
