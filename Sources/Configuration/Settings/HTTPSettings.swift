public import Domain

/// Limits and rules of the HTTP front (`http`).
public struct HTTPSettings: Hashable, Sendable {
    public var limits: HTTPLimits
    /// Peers whose `X-Forwarded-For` counts.
    public var trustedProxies: [AddressRange]
    /// Origins that browsers may call from, in lower case; `*` stands for all of them.
    public var corsOrigins: [String]

    public init(
        limits: HTTPLimits = HTTPLimits(), trustedProxies: [AddressRange] = [], corsOrigins: [String] = []
    ) {
        self.limits = limits
        self.trustedProxies = trustedProxies
        self.corsOrigins = corsOrigins
    }
}
