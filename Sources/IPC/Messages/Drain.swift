/// Take nothing new, finish what runs, then exit 0.
///
/// On a link, from an upstream that ends: the edge is to send no new request there. The edge's answer, the same behind its last
/// request: none will come.
public struct Drain: Hashable, WireMessage {
    public static let frameType = FrameType.drain
    /// Milliseconds after which what still runs is ended with an error.
    public var timeout: UInt64

    public init(timeout: UInt64) {
        self.timeout = timeout
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.timeout = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.timeout)
    }
}
