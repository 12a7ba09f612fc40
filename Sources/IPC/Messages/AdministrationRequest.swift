public import Domain

/// An HTTP request that an edge passes on to control, which checks who asks, or to the aggregator after it has checked that itself.
public struct AdministrationRequest: Hashable, Sendable {
    /// What a request brings to show who sends it.
    public enum Credential: Hashable, Sendable {
        case none
        /// What stood behind `Bearer`.
        case token([UInt8])
        /// Two different ones, or one that is no token.
        case unusable
    }

    /// A header that control looks at, by its name; raw values are the wire format.
    public enum Header: UInt8, Hashable, Sendable, CaseIterable {
        case contentType = 1
        case ifMatch = 2
        case ifNoneMatch = 3
        case idempotencyKey = 4
        case accept = 5
        case origin = 6
    }

    /// Bytes of the longest method.
    public static let longestMethod = 32
    /// Bytes of the longest path with its query.
    public static let longestPath = 16 << 10
    /// Bytes of the longest value of a header, and of the longest token.
    public static let longestValue = 4 << 10
    /// Bytes of the longest body.
    public static let longestBody: UInt64 = 1 << 20

    public var method: String
    /// The path with its query, as sent.
    public var path: String
    /// Bytes of the body, which follow.
    public var bodyLength: UInt64
    public var credential: Credential
    /// Values as sent.
    public var headers: [Header: [UInt8]]
    /// The client's address, 16 bytes in network order, IPv4 in its mapped form; empty where it has none.
    public var client: [UInt8]
    /// The request's id in logs and records.
    public var record: RecordID

    public init(
        method: String, path: String, bodyLength: UInt64 = 0, credential: Credential = .none,
        headers: [Header: [UInt8]] = [:], client: [UInt8] = [], record: RecordID = RecordID(high: 0, low: 0)
    ) {
        self.method = method
        self.path = path
        self.bodyLength = bodyLength
        self.credential = credential
        self.headers = headers
        self.client = client
        self.record = record
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.method = try reader.readString(limit: Self.longestMethod)
        self.path = try reader.readString(limit: Self.longestPath)
        self.bodyLength = try reader.read()
        switch try reader.read(UInt8.self) {
        case 0: self.credential = .none
        case 1: self.credential = .token(try reader.readBytes(limit: Self.longestValue))
        case 2: self.credential = .unusable
        default: throw WireReader.Malformed()
        }
        self.headers = [:]
        for _ in 0..<(try reader.read(UInt8.self)) {
            guard let header = Header(rawValue: try reader.read()),
                self.headers.updateValue(try reader.readBytes(limit: Self.longestValue), forKey: header) == nil
            else { throw WireReader.Malformed() }
        }
        self.client = try reader.readBytes(limit: 16)
        guard self.client.isEmpty || self.client.count == 16 else { throw WireReader.Malformed() }
        let high: UInt64 = try reader.read()
        self.record = RecordID(high: high, low: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.method)
        writer.write(self.path)
        writer.write(self.bodyLength)
        switch self.credential {
        case .none: writer.write(UInt8(0))
        case .token(let token):
            writer.write(UInt8(1))
            writer.write(token)
        case .unusable: writer.write(UInt8(2))
        }
        writer.write(UInt8(clamping: self.headers.count))
        for (header, value) in self.headers.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            writer.write(header.rawValue)
            writer.write(value)
        }
        writer.write(self.client)
        writer.write(self.record.high)
        writer.write(self.record.low)
    }
}
