/// Limits and rules of the HTTP front (`http`).
public struct HTTPSettings: Hashable, Sendable {
    /// Longest request line in bytes; a longer one is answered with 414.
    public var maxRequestLine: Int
    /// Most bytes of all header fields together; more is answered with 431.
    public var maxHeaders: Int
    /// Largest request body in bytes; a larger one is answered with 413.
    public var maxBody: Int
    /// How long the head of a request may take to arrive.
    public var headerTimeout: Duration
    /// How long a kept-alive connection may wait for its next request.
    public var idleTimeout: Duration
    /// Peers whose `X-Forwarded-For` counts.
    public var trustedProxies: [AddressRange]
    /// Origins that browsers may call from, in lower case; `*` stands for all of them.
    public var corsOrigins: [String]

    public init(
        maxRequestLine: Int = 8 << 10, maxHeaders: Int = 64 << 10, maxBody: Int = 32 << 20,
        headerTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(75),
        trustedProxies: [AddressRange] = [], corsOrigins: [String] = []
    ) {
        self.maxRequestLine = maxRequestLine
        self.maxHeaders = maxHeaders
        self.maxBody = maxBody
        self.headerTimeout = headerTimeout
        self.idleTimeout = idleTimeout
        self.trustedProxies = trustedProxies
        self.corsOrigins = corsOrigins
    }
}
