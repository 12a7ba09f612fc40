/// What a client's HTTP request may cost before it is refused.
public struct HTTPLimits: Hashable, Sendable {
    /// Bytes of the request line.
    public var maxRequestLine: UInt32
    /// Bytes of all header names and values together.
    public var maxHeaders: UInt32
    /// Header fields.
    public var maxHeaderCount: UInt32
    /// Bytes of the body.
    public var maxBody: UInt64
    /// Milliseconds from the first byte (or the connection) to the end of the headers.
    public var headerTimeout: UInt64
    /// Milliseconds a kept-alive connection may be silent between requests.
    public var idleTimeout: UInt64

    public init(
        maxRequestLine: UInt32 = 8 << 10, maxHeaders: UInt32 = 64 << 10, maxHeaderCount: UInt32 = 100,
        maxBody: UInt64 = 32 << 20, headerTimeout: UInt64 = 10_000, idleTimeout: UInt64 = 75_000
    ) {
        self.maxRequestLine = maxRequestLine
        self.maxHeaders = maxHeaders
        self.maxHeaderCount = maxHeaderCount
        self.maxBody = maxBody
        self.headerTimeout = headerTimeout
        self.idleTimeout = idleTimeout
    }
}
