import COpenSSL
public import Domain

/// A key that keeps bytes secret and unchanged where others can read and write them: AES-256-GCM (NIST SP 800-38D).
///
/// Sealed bytes are a version (1), a random nonce of 96 bits, what was sealed, encrypted, and a tag of 128 bits. The version and a
/// context are authenticated with them, so that what was sealed for one place cannot be put into another. With random nonces one key
/// is good for 2³² seals, far more than a gateway has secrets.
///
/// The key is taken in once and the contexts reused. Owns the OpenSSL objects and frees them once; OpenSSL wipes the key then. Not for
/// sharing between threads.
// SAFETY: the pointers come from OpenSSL, are never null after init, and go to no one else.
@safe
public final class SealingKey {
    /// The length of a key in bytes.
    public static let size = 32
    /// Bytes that sealing adds.
    public static let overhead = 1 + nonceSize + tagSize
    /// The most bytes that are sealed or opened at once.
    public static let limit = 64 << 20

    private static let version: UInt8 = 1
    static let nonceSize = 12
    static let tagSize = 16

    private let algorithm: OpaquePointer
    private let sealing: OpaquePointer
    private let opening: OpaquePointer

    /// Nil when `key` has another length than `size`.
    public init?(_ key: Secret) throws(CryptographyError) {
        guard key.withBytes({ $0.count == Self.size }) else { return nil }
        guard let algorithm = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) else {
            throw CryptographyError(.fetchCipher)
        }
        let first = unsafe EVP_CIPHER_CTX_new()
        let second = unsafe EVP_CIPHER_CTX_new()
        guard let sealing = unsafe first, let opening = unsafe second else {
            unsafe EVP_CIPHER_CTX_free(first)
            unsafe EVP_CIPHER_CTX_free(second)
            unsafe EVP_CIPHER_free(algorithm)
            throw CryptographyError(.makeContext)
        }
        unsafe self.algorithm = algorithm
        unsafe self.sealing = sealing
        unsafe self.opening = opening
        // The length of a nonce need not be said: 96 bits is what GCM has by itself.
        let isReady = key.withBytes { bytes in
            unsafe EVP_EncryptInit_ex2(sealing, algorithm, bytes, nil, nil) == 1
                && EVP_DecryptInit_ex2(opening, algorithm, bytes, nil, nil) == 1
        }
        guard isReady else { throw CryptographyError(.fetchCipher) }
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(self.sealing)
        unsafe EVP_CIPHER_CTX_free(self.opening)
        unsafe EVP_CIPHER_free(self.algorithm)
    }

    /// Seals the bytes of `secret`, at most `limit`, for `context`.
    public func seal(_ secret: Secret, for context: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let nonce = try RandomBytes.make(Self.nonceSize)
        let sealed = secret.withBytes { plain in
            self.encrypt(plain, nonce: nonce, authenticated: [Self.version] + context)
        }
        guard let sealed else { throw CryptographyError(.seal) }
        return [Self.version] + nonce + sealed
    }

    /// What was sealed with this key for this context. One error, `.open`, stands for another key, another context, changed bytes and
    /// bytes that nobody has sealed.
    public func open(_ sealed: [UInt8], for context: [UInt8]) throws(CryptographyError) -> Secret {
        guard sealed.count >= Self.overhead, sealed.count <= Self.limit + Self.overhead, sealed[0] == Self.version,
            let plain = self.decrypt(
                sealed[(1 + Self.nonceSize)...], nonce: Array(sealed[1..<(1 + Self.nonceSize)]),
                authenticated: [Self.version] + context)
        else { throw CryptographyError(.open) }
        return plain
    }

    // MARK: The cipher itself

    /// The encrypted bytes with the tag behind them; nil where OpenSSL fails.
    func encrypt(_ plain: [UInt8], nonce: [UInt8], authenticated: [UInt8]) -> [UInt8]? {
        guard nonce.count == Self.nonceSize, plain.count <= Self.limit, authenticated.count <= Self.limit else {
            return nil
        }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let context = unsafe self.sealing
        var output = [UInt8](repeating: 0, count: plain.count + Self.tagSize)
        let isDone = unsafe output.withUnsafeMutableBufferPointer { output in
            guard let start = output.baseAddress else { return false }
            var written: Int32 = 0
            var end: Int32 = 0
            return unsafe EVP_EncryptInit_ex2(context, nil, nil, nonce, nil) == 1
                && EVP_EncryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
                && (plain.isEmpty || EVP_EncryptUpdate(context, start, &written, plain, Int32(plain.count)) == 1)
                && EVP_EncryptFinal_ex(context, start + plain.count, &end) == 1
                && EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), start + plain.count) == 1
        }
        return isDone ? output : nil
    }

    /// Nil unless the tag behind the encrypted bytes is right; nothing of what was decrypted stays in memory then.
    func decrypt(_ sealed: ArraySlice<UInt8>, nonce: [UInt8], authenticated: [UInt8]) -> Secret? {
        guard nonce.count == Self.nonceSize, sealed.count >= Self.tagSize, authenticated.count <= Self.limit else {
            return nil
        }
        ERR_clear_error()
        defer { ERR_clear_error() }
        let context = unsafe self.opening
        let count = sealed.count - Self.tagSize
        let encrypted = Array(sealed.prefix(count))
        var tag = Array(sealed.suffix(Self.tagSize))
        // One byte more than needed, so that there is an address when there is nothing inside.
        var plain = [UInt8](repeating: 0, count: count + 1)
        let isRight = unsafe plain.withUnsafeMutableBufferPointer { plain in
            guard let start = plain.baseAddress else { return false }
            var written: Int32 = 0
            var end: Int32 = 0
            let isRight =
                unsafe EVP_DecryptInit_ex2(context, nil, nil, nonce, nil) == 1
                && EVP_DecryptUpdate(context, nil, &written, authenticated, Int32(authenticated.count)) == 1
                && (encrypted.isEmpty
                    || EVP_DecryptUpdate(context, start, &written, encrypted, Int32(encrypted.count)) == 1)
                && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize), &tag) == 1
                && EVP_DecryptFinal_ex(context, start + count, &end) == 1
            // What did not pass the check is nobody's to see, a half of a secret perhaps.
            if !isRight { unsafe OPENSSL_cleanse(start, plain.count) }
            return isRight
        }
        guard isRight else { return nil }
        plain.removeLast()
        return Secret(plain)
    }
}
