import COpenSSL

/// A private key of a PEM text, as far as a check before its use needs it.
///
/// Owns the key and frees it once; OpenSSL wipes it then. Not for sharing between threads.
// SAFETY: the pointer comes from OpenSSL, is never null, and goes to no one else.
@safe
public final class PrivateKey {
    private let key: OpaquePointer

    /// Nil when there is no key in the text, when it cannot be read, and when a passphrase is needed for it.
    public init?(pem text: [UInt8]) {
        let key: OpaquePointer? = unsafe PEMText.read(text) { bio in
            unsafe PEM_read_bio_PrivateKey(bio, nil, PEMText.noPassphrase, nil)
        }
        guard let key = unsafe key else { return nil }
        unsafe self.key = key
    }

    deinit {
        unsafe EVP_PKEY_free(self.key)
    }

    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe body(self.key)
    }
}
