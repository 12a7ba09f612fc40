/// A child's answer to a snapshot (an edge's: and to the listeners of the same version): it is in force here, or it cannot be used
/// and the one before stays in force.
public struct SnapshotAcknowledged: Hashable, WireMessage {
    public static let frameType = FrameType.snapshotAcknowledged
    private static let longestReason = 1 << 10

    public var version: UInt64
    /// Why it cannot be used, for people; nil when it is in force.
    public var refusal: String?

    public init(version: UInt64, refusal: String? = nil) {
        self.version = version
        self.refusal = refusal.map { String(decoding: $0.utf8.prefix(Self.longestReason), as: UTF8.self) }
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.version = try reader.read()
        self.refusal = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            // Cutting may have put a replacement character (3 bytes) at the end.
            try reader.readString(limit: Self.longestReason + 2)
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.version)
        writer.write(optional: self.refusal) { $0.write($1) }
    }
}
