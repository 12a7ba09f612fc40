/// Lets the peer send more: stream 0 for the link's window, another number for that stream's.
public struct Credit: Hashable, WireMessage {
    public static let frameType = FrameType.credit
    public var bytes: UInt32

    public init(bytes: UInt32) {
        self.bytes = bytes
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.bytes = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.bytes)
    }
}
