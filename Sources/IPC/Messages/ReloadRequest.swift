/// Asks control for a new configuration. It answers with a TOPOLOGY of exactly this version, or with RELOAD_REFUSED.
public struct ReloadRequest: Hashable, WireMessage {
    public static let frameType = FrameType.reload

    /// What the new snapshots' version is to be.
    public var version: UInt64
    /// Whether the configuration file is to be read again; else the one in force counts, with what was made by API since.
    public var readsFile: Bool

    public init(version: UInt64, readsFile: Bool = true) {
        self.version = version
        self.readsFile = readsFile
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.version = try reader.read()
        self.readsFile = try reader.readBool()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.version)
        writer.write(self.readsFile)
    }
}
