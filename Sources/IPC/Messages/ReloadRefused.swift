/// The end of a reload that changed nothing. From control: the configuration cannot be used. To control: somebody in the tree could not
/// use what control made; the configuration before is in force again.
public struct ReloadRefused: Hashable, WireMessage {
    public static let frameType = FrameType.reloadRefused
    private static let longestMessage = 24 << 10

    public var version: UInt64
    /// For people: one line a problem.
    public var message: String

    public init(version: UInt64, message: String) {
        self.version = version
        self.message = String(decoding: message.utf8.prefix(Self.longestMessage), as: UTF8.self)
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.version = try reader.read()
        // Cutting may have put a replacement character (3 bytes) at the end.
        self.message = try reader.readString(limit: Self.longestMessage + 2)
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.version)
        writer.write(self.message)
    }
}
