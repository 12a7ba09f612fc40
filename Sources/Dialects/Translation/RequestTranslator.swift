public import Domain

/// Turns a client's request into what a provider of another dialect, or with peculiarities, takes. Pure.
public enum RequestTranslator {
    /// `body` is the client's, with the edits that every request gets, of which `capacity` bytes can be read from its start.
    ///
    /// Throws the client's fault: what is no valid request of the front door, or what the provider cannot do; `param` names the
    /// member.
    public static func translate(
        _ body: UnsafeRawBufferPointer, capacity: Int, _ context: TranslationContext, reader: DialectReader
    ) throws(GatewayError) -> TranslatedRequest {
        .exact
    }
}
