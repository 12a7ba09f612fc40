public import Domain

/// Control's answer to its start: the topology and the host's number, with five descriptors in this order: the edges', the
/// upstreams' and the aggregator's snapshot, the configuration in force (all sealed memfds), and the locked instance file.
public struct TopologyAnnouncement: Hashable, WireMessage {
    public static let frameType = FrameType.topology
    public static let descriptorCount = 5

    /// The snapshots' version.
    public var version: UInt64
    /// 24-bit number of this host, from the instance file.
    public var host: UInt32
    public var topology: Topology

    public init(version: UInt64, host: UInt32, topology: Topology) {
        self.version = version
        self.host = host
        self.topology = topology
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.version = try reader.read()
        self.host = try reader.read()
        let listeners = try reader.readList(minimumSize: 5) { (reader) throws(WireReader.Malformed) in
            try ListenerSettings(from: &reader)
        }
        let edges: UInt16 = try reader.read()
        let upstreams: UInt16 = try reader.read()
        let maximumEdges: UInt16 = try reader.read()
        let drainTimeout: UInt64 = try reader.read()
        let directory = try reader.readString(limit: 4096)
        guard let level = LogLevel(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        guard let format = LogFormat(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        let file = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 4096)
        }
        let users = try reader.readList(minimumSize: 9) { (reader) throws(WireReader.Malformed) in
            try RoleUser(from: &reader)
        }
        let folders = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 4096)
        }
        let serverFolders = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
                try reader.readString(limit: 4096)
            }
        }
        self.topology = Topology(
            listeners: listeners, edges: edges, upstreams: upstreams, drainTimeout: drainTimeout,
            stateDirectory: directory, logLevel: level, logFormat: format, logFile: file, users: users,
            trustFolders: folders, serverFolders: serverFolders, maximumEdges: maximumEdges)
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.version)
        writer.write(self.host)
        writer.write(list: self.topology.listeners) { $1.write(to: &$0) }
        writer.write(self.topology.edges)
        writer.write(self.topology.upstreams)
        writer.write(self.topology.maximumEdges)
        writer.write(self.topology.drainTimeout)
        writer.write(self.topology.stateDirectory)
        writer.write(self.topology.logLevel.rawValue)
        writer.write(self.topology.logFormat.rawValue)
        writer.write(optional: self.topology.logFile) { $0.write($1) }
        writer.write(list: self.topology.users) { $1.write(to: &$0) }
        writer.write(list: self.topology.trustFolders) { $0.write($1) }
        writer.write(optional: self.topology.serverFolders) { writer, folders in
            writer.write(list: folders) { $0.write($1) }
        }
    }
}

extension RoleUser {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        let user: UInt32 = try reader.read()
        self.init(role: role, user: user, group: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.role.rawValue)
        writer.write(self.user)
        writer.write(self.group)
    }
}

extension ListenerSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let address = try ListenAddress(from: &reader)
        let files = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            let certificate = try reader.readString(limit: 4096)
            return TLSFiles(certificate: certificate, key: try reader.readString(limit: 4096))
        }
        self.init(address, tls: files)
    }

    func write(to writer: inout WireWriter) {
        self.address.write(to: &writer)
        writer.write(optional: self.tls) {
            $0.write($1.certificate)
            $0.write($1.key)
        }
    }
}

extension ListenAddress {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        switch try reader.read(UInt8.self) {
        case 4:
            let address = try reader.readBytes(limit: 4)
            guard address.count == 4 else { throw WireReader.Malformed() }
            self = .ipv4(address: address, port: try reader.read())
        case 6:
            let address = try reader.readBytes(limit: 16)
            guard address.count == 16 else { throw WireReader.Malformed() }
            let scope: UInt32 = try reader.read()
            self = .ipv6(address: address, scope: scope, port: try reader.read())
        case 1: self = .unix(path: try reader.readString(limit: 107))
        case 2: self = .inherited(descriptor: try reader.read())
        default: throw WireReader.Malformed()
        }
    }

    func write(to writer: inout WireWriter) {
        switch self {
        case .ipv4(let address, let port):
            writer.write(UInt8(4))
            writer.write(address)
            writer.write(port)
        case .ipv6(let address, let scope, let port):
            writer.write(UInt8(6))
            writer.write(address)
            writer.write(scope)
            writer.write(port)
        case .unix(let path):
            writer.write(UInt8(1))
            writer.write(path)
        case .inherited(let descriptor):
            writer.write(UInt8(2))
            writer.write(descriptor)
        }
    }
}
