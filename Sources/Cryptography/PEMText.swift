import COpenSSL

/// Reading PEM texts with OpenSSL.
enum PEMText {
    /// Without it OpenSSL would ask for a passphrase on the terminal.
    static let noPassphrase: Asking = { _, _, _, _ in -1 }

    typealias Asking = @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32

    /// Calls `body` with a reader of the text; OpenSSL's queue of errors is empty before and after. Nil when there is no
    /// memory for it.
    static func read(_ text: [UInt8], _ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
        ERR_clear_error()
        defer { ERR_clear_error() }
        return unsafe text.withUnsafeBytes { bytes in
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { unsafe BIO_free(bio) }
            return unsafe body(bio)
        }
    }
}
