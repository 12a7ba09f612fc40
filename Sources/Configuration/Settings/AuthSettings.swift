public import Domain

/// Who may call (`auth`).
public struct AuthSettings: Hashable, Sendable {
    /// Whether a request without a key is served; one with a wrong key never is.
    public var keys: AuthenticationMode
    /// The one gateway-wide key, 16…512 printable ASCII bytes; nil when the file has none and one has to be made.
    public var staticKey: Secret?

    public init(keys: AuthenticationMode = .required, staticKey: Secret? = nil) {
        self.keys = keys
        self.staticKey = staticKey
    }
}
