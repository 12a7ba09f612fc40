import COpenSSL

/// Comparisons whose time tells nothing of the bytes compared.
public enum ConstantTime {
    /// Whether two byte strings are the same. Only their lengths may be learnt from the time it takes.
    public static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe a.withUnsafeBytes { first in
            unsafe b.withUnsafeBytes { second in
                unsafe first.isEmpty || CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
            }
        }
    }
}
