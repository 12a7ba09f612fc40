import COpenSSL

/// Makes SHA-256 digests. Fetches the algorithm once and reuses one context, a third of the cost of the one-shot call.
///
/// Owns both OpenSSL objects and frees them once. Lives on one loop; not for sharing between threads.
// SAFETY: the two pointers come from OpenSSL, are never null after init, and go to no one else.
@safe
public final class SHA256 {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    public init() throws(CryptographyError) {
        guard let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil) else { throw CryptographyError(.fetchDigest) }
        guard let context = unsafe EVP_MD_CTX_new() else {
            unsafe EVP_MD_free(algorithm)
            throw CryptographyError(.makeContext)
        }
        unsafe self.algorithm = algorithm
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(self.context)
        unsafe EVP_MD_free(self.algorithm)
    }

    /// The digest of `bytes`.
    public func digest(_ bytes: UnsafeRawBufferPointer) throws(CryptographyError) -> Digest {
        unsafe try self.digest(bytes, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The digest of two pieces, one behind the other.
    public func digest(
        _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
    ) throws(CryptographyError) -> Digest {
        var digest = Digest()
        var length: UInt32 = 0
        let isDone = unsafe withUnsafeMutableBytes(of: &digest.words) { output in
            unsafe EVP_DigestInit_ex2(self.context, self.algorithm, nil) == 1
                && EVP_DigestUpdate(self.context, first.baseAddress, first.count) == 1
                && (second.isEmpty || EVP_DigestUpdate(self.context, second.baseAddress, second.count) == 1)
                && EVP_DigestFinal_ex(self.context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &length)
                    == 1
        }
        guard isDone, Int(length) == Digest.count else { throw CryptographyError(.digest) }
        return digest
    }

    /// The digest of `bytes`.
    public func digest(_ bytes: some Sequence<UInt8>) throws(CryptographyError) -> Digest {
        let array = Array(bytes)
        let result: Result<Digest, CryptographyError> = unsafe array.withUnsafeBytes { pointer in
            Result { () throws(CryptographyError) in unsafe try self.digest(pointer) }
        }
        return try result.get()
    }
}
