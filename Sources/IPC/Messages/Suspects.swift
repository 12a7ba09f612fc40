/// What was in flight at a worker that died: the fingerprints of those requests.
public struct Suspects: Hashable, WireMessage {
    public static let frameType = FrameType.suspects
    /// Fingerprints of one message; of more requests the first are told, as a worker that had so many in flight incriminates
    /// none of them.
    public static let limit = 4096

    public var instance: UInt32
    public var fingerprints: [UInt64]

    public init(instance: UInt32, fingerprints: [UInt64]) {
        self.instance = instance
        self.fingerprints = Array(fingerprints.prefix(Self.limit))
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.instance = try reader.read()
        self.fingerprints = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt64.self)
        }
        guard self.fingerprints.count <= Self.limit else { throw WireReader.Malformed() }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.instance)
        writer.write(list: self.fingerprints) { $0.write($1) }
    }
}
