public import Domain

/// Why a stream cannot be given to the client (any further).
public enum StreamFault: Error, Hashable, Sendable {
    /// Something in it is not of the provider's dialect, or too long to be read.
    case invalidResponse
    /// The provider itself says what is wrong.
    case provider(GatewayError)
}
