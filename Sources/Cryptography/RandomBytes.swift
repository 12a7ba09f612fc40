import COpenSSL

/// Bytes nobody can guess, from OpenSSL's generator.
public enum RandomBytes {
    /// `count` random bytes, for keys; at most 2 GiB.
    public static func make(_ count: Int) throws(CryptographyError) -> [UInt8] {
        guard let length = Int32(exactly: max(0, count)) else { throw CryptographyError(.random) }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        let isDone = unsafe bytes.withUnsafeMutableBytes {
            unsafe RAND_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), length) == 1
        }
        guard isDone || bytes.isEmpty else { throw CryptographyError(.random) }
        return bytes
    }
}
