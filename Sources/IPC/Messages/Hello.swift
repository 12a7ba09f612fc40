public import Domain

/// The first frame on every control socket and link, in both directions: who is speaking.
public struct Hello: Hashable, WireMessage {
    public static let frameType = FrameType.hello

    public var protocolVersion: UInt16
    /// The speaker's role.
    public var role: Role
    /// The speaker's instance number; to a child, the supervisor names the child's own number here.
    public var instance: UInt32
    /// Random number of this host's state folder (24 bits), for record ids.
    public var host: UInt32
    /// Identifies the build; workers of one generation must agree.
    public var build: [UInt8]

    public init(
        protocolVersion: UInt16 = WireLimits.protocolVersion, role: Role, instance: UInt32, host: UInt32 = 0,
        build: [UInt8]
    ) {
        self.protocolVersion = protocolVersion
        self.role = role
        self.instance = instance
        self.host = host
        self.build = build
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.protocolVersion = try reader.read()
        guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.role = role
        self.instance = try reader.read()
        self.host = try reader.read()
        self.build = try reader.readBytes(limit: 256)
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.protocolVersion)
        writer.write(self.role.rawValue)
        writer.write(self.instance)
        writer.write(self.host)
        writer.write(self.build)
    }
}
