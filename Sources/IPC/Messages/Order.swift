public import Domain

/// What an operator asks of the tree, through control. The next TREE_REPORT has an operation with this token.
public struct Order: Hashable, WireMessage {
    public static let frameType = FrameType.order

    /// Chosen at random by who asks; not 0.
    public var token: UInt64
    public var kind: OrderKind

    public init(token: UInt64, kind: OrderKind) {
        self.token = token
        self.kind = kind
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.token = try reader.read()
        guard let kind = OrderKind(rawValue: try reader.read()), self.token != 0 else { throw WireReader.Malformed() }
        self.kind = kind
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.token)
        writer.write(self.kind.rawValue)
    }
}
