/// How long each part of a provider's answer may take (`timeouts`).
public struct ProviderTimeouts: Hashable, Sendable {
    /// From the first SYN to a usable connection, TLS included.
    public var connect: Duration
    /// From the request to the first content of the answer.
    public var firstToken: Duration
    /// Between two pieces of the answer.
    public var idle: Duration
    /// The whole call.
    public var total: Duration

    public init(
        connect: Duration = .seconds(3), firstToken: Duration = .seconds(60), idle: Duration = .seconds(30),
        total: Duration = .seconds(600)
    ) {
        self.connect = connect
        self.firstToken = firstToken
        self.idle = idle
        self.total = total
    }
}
