import COpenSSL

/// Makes HMAC-SHA256 codes (RFC 2104, FIPS 198-1) with one key. The key is taken in once and the context reused.
///
/// Owns both OpenSSL objects and frees them once; OpenSSL wipes the key then. Not for sharing between threads.
// SAFETY: the two pointers come from OpenSSL, are never null after init, and go to no one else.
@safe
public final class HMACSHA256 {
    private let algorithm: OpaquePointer
    private let context: OpaquePointer

    /// Takes a key of any length, as HMAC does; one of 32 bytes is as strong as its codes.
    public init(key: [UInt8]) throws(CryptographyError) {
        guard let algorithm = unsafe EVP_MAC_fetch(nil, "HMAC", nil) else { throw CryptographyError(.fetchMAC) }
        guard let context = unsafe EVP_MAC_CTX_new(algorithm) else {
            unsafe EVP_MAC_free(algorithm)
            throw CryptographyError(.makeContext)
        }
        unsafe self.algorithm = algorithm
        unsafe self.context = context
        // OpenSSL wants a pointer for an empty key, too: nil stands for the key it has.
        let isReady = unsafe (key + [0]).withUnsafeBufferPointer { key in
            unsafe Self.withDigestName { parameters in
                unsafe EVP_MAC_init(context, key.baseAddress, key.count - 1, parameters) == 1
            }
        }
        guard isReady else { throw CryptographyError(.fetchDigest) }
    }

    deinit {
        unsafe EVP_MAC_CTX_free(self.context)
        unsafe EVP_MAC_free(self.algorithm)
    }

    /// The code of `bytes`.
    public func code(of bytes: [UInt8]) throws(CryptographyError) -> Digest {
        var code = Digest()
        var length = 0
        let isDone = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeMutableBytes(of: &code.words) { output in
                unsafe EVP_MAC_init(self.context, nil, 0, nil) == 1
                    && (bytes.isEmpty || EVP_MAC_update(self.context, bytes.baseAddress, bytes.count) == 1)
                    && EVP_MAC_final(
                        self.context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &length, output.count)
                        == 1
            }
        }
        guard isDone, length == Digest.count else { throw CryptographyError(.authenticate) }
        return code
    }

    /// Lends the parameters that say which digest is meant.
    private static func withDigestName(_ body: (UnsafePointer<OSSL_PARAM>) -> Bool) -> Bool {
        // A parameter keeps the pointers it is made of: a String would be gone with the call that makes it.
        let key: StaticString = "digest"
        var name = Array("SHA256".utf8CString)
        return unsafe name.withUnsafeMutableBufferPointer { name in
            let parameters = unsafe [
                OSSL_PARAM_construct_utf8_string(
                    UnsafeRawPointer(key.utf8Start).assumingMemoryBound(to: CChar.self), name.baseAddress, 0),
                OSSL_PARAM_construct_end(),
            ]
            return unsafe parameters.withUnsafeBufferPointer { parameters in
                guard let first = parameters.baseAddress else { return false }
                return unsafe body(first)
            }
        }
    }
}
