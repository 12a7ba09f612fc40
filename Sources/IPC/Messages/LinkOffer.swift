public import Domain

/// Goes with the descriptor of one end of a socket pair: a new link to the named peer. An older link to the same role and
/// an older instance is finished by its own end-of-file.
///
/// Between an edge and an upstream a second descriptor may come with it: memory of the size `WireLimits.bodyArea` that both
/// ends share, in which the edge lays large bodies for the upstream to read.
public struct LinkOffer: Hashable, WireMessage {
    public static let frameType = FrameType.link
    public var role: Role
    public var instance: UInt32

    public init(role: Role, instance: UInt32) {
        self.role = role
        self.instance = instance
    }

    /// Whether processes of these roles may share an area for bodies.
    public static func mayShareArea(_ a: Role, _ b: Role) -> Bool {
        (a == .edge && b == .upstream) || (a == .upstream && b == .edge)
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.role = role
        self.instance = try reader.read()
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.role.rawValue)
        writer.write(self.instance)
    }
}
