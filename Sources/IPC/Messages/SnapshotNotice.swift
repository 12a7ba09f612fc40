/// Goes with the descriptor of a sealed memfd that holds the role's snapshot.
public struct SnapshotNotice: Hashable, WireMessage {
    public static let frameType = FrameType.snapshot
    public var version: UInt64

    public init(version: UInt64) {
        self.version = version
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.version = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.version)
    }
}
