/// All listeners of a configuration, for an edge, each with its descriptors in the order of the entries: the listening socket, and with
/// TLS the certificates' and the key's file, opened for reading. All edges get the same open files, so their position is shared: to be
/// read with pread.
///
/// The SNAPSHOT of the same version, which follows, puts both in force or refuses both. A name that the edge has already is the same
/// socket; one that is missing is to be closed.
public struct ListenerOffer: Hashable, WireMessage {
    public static let frameType = FrameType.listeners
    /// Most listeners of a gateway.
    public static let limit = 64

    public struct Entry: Hashable, Sendable {
        /// The address as it was asked for: the same text is the same listener.
        public var name: String
        public var hasTLS: Bool

        public init(name: String, hasTLS: Bool) {
            self.name = name
            self.hasTLS = hasTLS
        }
    }

    public var version: UInt64
    public var entries: [Entry]

    public init(version: UInt64, entries: [Entry]) {
        self.version = version
        self.entries = entries
    }

    /// How many descriptors come with it.
    public var descriptorCount: Int { self.entries.reduce(0) { $0 + ($1.hasTLS ? 3 : 1) } }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.version = try reader.read()
        self.entries = try reader.readList(minimumSize: 5) { (reader) throws(WireReader.Malformed) in
            let name = try reader.readString(limit: 256)
            return Entry(name: name, hasTLS: try reader.readBool())
        }
        guard self.entries.count <= Self.limit else { throw WireReader.Malformed() }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.version)
        writer.write(list: self.entries) {
            $0.write($1.name)
            $0.write($1.hasTLS)
        }
    }
}
