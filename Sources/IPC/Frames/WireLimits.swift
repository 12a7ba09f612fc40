/// Every size the protocol bounds, in bytes.
public enum WireLimits {
    /// Payload of any frame.
    public static let frame = 1 << 20
    /// Payload of one BODY or CHUNK frame.
    public static let data = 64 << 10
    /// What an upstream may send of one reply before the edge has written it to the client.
    public static let replyWindow = 64 << 10
    /// What an edge may send of one request body before the upstream has read it. Larger than the reply's: the upstream
    /// keeps the whole body anyway, so a small window would only cost round trips.
    public static let bodyWindow = 1 << 20
    /// Data of all streams together that one side may send before the other has read it.
    public static let linkWindow = 4 << 20
    /// The memory in which one edge lays large request bodies for one upstream.
    public static let bodyArea = 64 << 20
    /// Bytes of the frame header.
    public static let header = 16
    /// Version of this protocol; a peer with another one is refused.
    public static let protocolVersion: UInt16 = 1
    /// What a supervisor and its children understand from each other: this version and the one before, so that a tree can be
    /// upgraded while it runs.
    public static let controlProtocols = max(1, protocolVersion - 1)...protocolVersion
}
