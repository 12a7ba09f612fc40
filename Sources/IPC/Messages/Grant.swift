/// GRANT: the edge's answer to a `FurtherAttempt`. Each is answered once, unless the stream ends first.
public struct Grant: Hashable, WireMessage {
    public static let frameType = FrameType.grant
    /// False: the request ends with the failure it had.
    public var allowed: Bool

    public init(allowed: Bool) {
        self.allowed = allowed
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.allowed = try reader.readBool()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.allowed)
    }
}
