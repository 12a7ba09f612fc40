/// Sent by the supervisor each second and answered with the same sequence number from the child's event loop.
public struct Heartbeat: Hashable, WireMessage {
    public static let frameType = FrameType.heartbeat
    public var sequence: UInt64
    /// From an edge: its active requests. From the supervisor to an edge: the mean over all edges, rounded up.
    public var activeRequests: UInt32

    public init(sequence: UInt64, activeRequests: UInt32 = 0) {
        self.sequence = sequence
        self.activeRequests = activeRequests
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.sequence = try reader.read()
        self.activeRequests = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.sequence)
        writer.write(self.activeRequests)
    }
}
