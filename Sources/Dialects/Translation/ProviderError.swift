public import Domain
public import JSON

/// A provider's error in the gateway's words, with what only the provider says of it.
public struct ProviderError: Hashable, Sendable {
    public var error: GatewayError
    /// Further members of the error, such as Groq's `failed_generation`.
    public var extras: [JSONValue.Member]

    /// The status that the provider has meant, where the client is told another one.
    public var meant: UInt16?

    public init(_ error: GatewayError, extras: [JSONValue.Member] = [], meant: UInt16? = nil) {
        self.error = error
        self.extras = extras
        self.meant = meant
    }
}
