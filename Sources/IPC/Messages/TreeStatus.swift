public import Domain

/// What the supervisor tells the aggregator of the tree after each change and once a second.
public struct TreeStatus: Hashable, WireMessage {
    public static let frameType = FrameType.status

    public struct Entry: Hashable, Sendable {
        public var role: Role
        /// Processes of the role that are READY now.
        public var up: UInt32
        /// Times a process of the role was started again since the supervisor started.
        public var restarts: UInt64

        public init(role: Role, up: UInt32, restarts: UInt64) {
            self.role = role
            self.up = up
            self.restarts = restarts
        }
    }

    public var entries: [Entry]
    /// Fingerprints of requests that are refused because they killed workers.
    public var quarantined: UInt32

    public init(entries: [Entry], quarantined: UInt32 = 0) {
        self.entries = entries
        self.quarantined = quarantined
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.entries = try reader.readList(minimumSize: 13) { (reader) throws(WireReader.Malformed) in
            guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let up: UInt32 = try reader.read()
            return Entry(role: role, up: up, restarts: try reader.read())
        }
        self.quarantined = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(list: self.entries) {
            $0.write($1.role.rawValue)
            $0.write($1.up)
            $0.write($1.restarts)
        }
        writer.write(self.quarantined)
    }
}
