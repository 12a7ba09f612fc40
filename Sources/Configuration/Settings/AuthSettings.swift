public import Domain

/// Who may call (`auth`).
public struct AuthSettings: Hashable, Sendable {
    /// Whether a request without a key is served; one with a wrong key never is.
    public var keys: AuthenticationMode
    /// What callers without a key may use, each address by itself; nil where the file says nothing of them.
    public var anonymous: LimitSettings.Anonymous?
    /// How many wrong keys an address may try in a minute; nil for any number.
    public var wrongKeysPerMinute: Int64?
    /// The one gateway-wide key, 16…512 printable ASCII bytes; nil when the file has none and one has to be made.
    public var staticKey: Secret?

    public init(
        keys: AuthenticationMode = .required, anonymous: LimitSettings.Anonymous? = nil,
        wrongKeysPerMinute: Int64? = 30, staticKey: Secret? = nil
    ) {
        self.keys = keys
        self.anonymous = anonymous
        self.wrongKeysPerMinute = wrongKeysPerMinute
        self.staticKey = staticKey
    }
}
