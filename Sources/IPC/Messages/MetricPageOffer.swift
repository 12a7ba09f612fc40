public import Domain

/// Metric pages for the aggregator: whose each of the descriptors that come with the message is, in their order.
public struct MetricPageOffer: Hashable, WireMessage {
    public static let frameType = FrameType.metricPages
    /// Pages in one message.
    public static let limit = 64

    /// One place in the tree; during an upgrade two pages can have the same.
    public struct Page: Hashable, Sendable {
        public var role: Role
        /// From 0 within the role.
        public var slot: UInt16

        public init(role: Role, slot: UInt16) {
            self.role = role
            self.slot = slot
        }
    }

    public var pages: [Page]

    public init(pages: [Page]) {
        self.pages = pages
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.pages = try reader.readList(minimumSize: 3) { (reader) throws(WireReader.Malformed) in
            guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return Page(role: role, slot: try reader.read())
        }
        guard self.pages.count <= Self.limit else { throw WireReader.Malformed() }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(list: self.pages) {
            $0.write($1.role.rawValue)
            $0.write($1.slot)
        }
    }
}
