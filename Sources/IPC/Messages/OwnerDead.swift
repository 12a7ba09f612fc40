public import Domain

/// A worker has died by a fault of its own: what it was working on when it died is wanted (`Suspects`).
public struct OwnerDead: Hashable, WireMessage {
    public static let frameType = FrameType.ownerDead

    public var role: Role
    public var instance: UInt32

    public init(role: Role, instance: UInt32) {
        self.role = role
        self.instance = instance
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
