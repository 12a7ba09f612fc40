/// An HTTP request that an edge passes on to control or the aggregator after it has checked who asks.
public struct AdministrationRequest: Hashable, Sendable {
    public var method: String
    /// The path with its query, as sent.
    public var path: String
    /// Bytes of the body, which follow.
    public var bodyLength: UInt64

    public init(method: String, path: String, bodyLength: UInt64 = 0) {
        self.method = method
        self.path = path
        self.bodyLength = bodyLength
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.method = try reader.readString(limit: 32)
        self.path = try reader.readString(limit: 16 << 10)
        self.bodyLength = try reader.read()
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.method)
        writer.write(self.path)
        writer.write(self.bodyLength)
    }
}
