public import Domain

/// Who may call (`auth`).
public struct AuthSettings: Hashable, Sendable {
    /// Whether a request without a key is served.
    public enum Keys: String, Hashable, Sendable, CaseIterable {
        /// A request without a key is refused.
        case required
        /// A request without a key is served; one with a wrong key is still refused.
        case optional
    }

    public var keys: Keys
    /// The one gateway-wide key, 16…512 printable ASCII bytes; nil when the file has none and one has to be made.
    public var staticKey: Secret?

    public init(keys: Keys = .required, staticKey: Secret? = nil) {
        self.keys = keys
        self.staticKey = staticKey
    }
}
