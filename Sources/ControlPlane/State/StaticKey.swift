import Domain

/// The gateway-wide key, and where a person finds it.
struct StaticKey: Hashable, Sendable {
    enum Origin: Hashable, Sendable {
        /// `auth.static_key`.
        case configuration
        /// Made by the gateway.
        case file(path: String)
    }

    var secret: Secret
    var origin: Origin
}
