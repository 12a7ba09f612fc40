/// Requests with this fingerprint are refused for a while, or no longer.
public struct Quarantine: Hashable, WireMessage {
    public static let frameType = FrameType.quarantine

    public var fingerprint: UInt64
    /// From now on; 0 ends the quarantine.
    public var milliseconds: UInt64

    public init(fingerprint: UInt64, milliseconds: UInt64) {
        self.fingerprint = fingerprint
        self.milliseconds = milliseconds
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.fingerprint = try reader.read()
        self.milliseconds = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.fingerprint)
        writer.write(self.milliseconds)
    }
}
