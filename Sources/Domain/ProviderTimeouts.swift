/// How long one provider call may take, in milliseconds.
public struct ProviderTimeouts: Hashable, Sendable {
    /// To an open (and TLS-negotiated) connection.
    public var connect: UInt64
    /// From sending the request for a stream to its first content. Does not apply to other requests: their answers come
    /// in one piece, which may take minutes.
    public var firstToken: UInt64
    /// Between two pieces of a reply that has begun.
    public var idle: UInt64
    /// For the whole call.
    public var total: UInt64

    public init(
        connect: UInt64 = 3_000, firstToken: UInt64 = 60_000, idle: UInt64 = 30_000, total: UInt64 = 600_000
    ) {
        self.connect = connect
        self.firstToken = firstToken
        self.idle = idle
        self.total = total
    }
}
