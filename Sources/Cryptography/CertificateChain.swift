import COpenSSL

/// The certificates of a PEM text, the server's own first, as far as a check before their use needs them.
///
/// Owns the first certificate and frees it once. Not for sharing between threads.
// SAFETY: the pointer comes from OpenSSL, is never null, and goes to no one else.
@safe
public final class CertificateChain {
    private let first: OpaquePointer

    /// Nil when there is no certificate in the text, or one that cannot be read.
    public init?(pem text: [UInt8]) {
        let first: OpaquePointer? = unsafe PEMText.read(text) { bio in
            var first: OpaquePointer?
            while let certificate = unsafe PEM_read_bio_X509(bio, nil, PEMText.noPassphrase, nil) {
                if unsafe first == nil { unsafe first = certificate } else { unsafe X509_free(certificate) }
            }
            // Reading ends where no further one begins; anything else is a certificate that cannot be read.
            let isEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
            guard unsafe isEnd || first == nil else {
                unsafe X509_free(first)
                return nil
            }
            return unsafe first
        }
        guard let first = unsafe first else { return nil }
        unsafe self.first = first
    }

    deinit {
        unsafe X509_free(self.first)
    }

    /// Whether clients will refuse the first certificate because its time is over.
    public var hasExpired: Bool {
        unsafe X509_cmp_current_time(X509_get0_notAfter(self.first)) < 0
    }

    /// Whether the first certificate is that of the key.
    public func belongs(to key: PrivateKey) -> Bool {
        defer { ERR_clear_error() }
        return unsafe key.withPointer { unsafe X509_check_private_key(self.first, $0) == 1 }
    }
}
