/// Asks control to read the configuration file again. It answers with a TOPOLOGY of exactly this version, or with RELOAD_REFUSED.
public struct ReloadRequest: Hashable, WireMessage {
    public static let frameType = FrameType.reload

    /// What the new snapshots' version is to be.
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
