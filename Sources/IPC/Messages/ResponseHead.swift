/// The head of a reply: everything of it that a client may see.
public struct ResponseHead: Hashable, WireMessage {
    public static let frameType = FrameType.responseHead

    /// 200…599.
    public var status: UInt16
    /// The reply is a stream of events: each piece is to be passed on at once.
    public var isStream: Bool
    /// Bytes of the whole body where known.
    public var contentLength: UInt64?
    public var contentType: [UInt8]
    public var retryAfter: [UInt8]?
    public var providerRequestID: [UInt8]?
    /// Which of the request's calls answered.
    public var call: UInt8
    /// Provider calls that were made until then, this one included; 0 where none was.
    public var attempts: UInt8
    public var cost: ReplyCost
    /// The reply is that of another request's call.
    public var isShared: Bool
    /// What a reply of the administration says besides; others have none, which costs them a byte.
    public var further: [ReplyHeader]

    public init(
        status: UInt16, isStream: Bool, contentLength: UInt64? = nil, contentType: [UInt8], retryAfter: [UInt8]? = nil,
        providerRequestID: [UInt8]? = nil, call: UInt8 = 0, attempts: UInt8 = 1, cost: ReplyCost = .open,
        isShared: Bool = false, further: [ReplyHeader] = []
    ) {
        self.status = status
        self.isStream = isStream
        self.contentLength = contentLength
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.providerRequestID = providerRequestID
        self.call = call
        self.attempts = attempts
        self.cost = cost
        self.isShared = isShared
        self.further = further
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.status = try reader.read()
        guard (200...599).contains(self.status) else { throw WireReader.Malformed() }
        self.isStream = try reader.readBool()
        self.contentLength = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read() }
        self.contentType = try reader.readHeaderValue()
        self.retryAfter = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readHeaderValue()
        }
        self.providerRequestID = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readHeaderValue()
        }
        self.call = try reader.read()
        self.attempts = try reader.read()
        let bits: UInt8 = try reader.read()
        switch bits & 3 {
        case 0: self.cost = .open
        case 1: self.cost = .unknown
        case 2: self.cost = .known(try reader.read())
        default: throw WireReader.Malformed()
        }
        guard bits < 8 else { throw WireReader.Malformed() }
        self.isShared = bits & 4 != 0
        self.further = []
        for _ in 0..<(try reader.read(UInt8.self)) { self.further.append(try ReplyHeader(from: &reader)) }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.status)
        writer.write(self.isStream)
        writer.write(optional: self.contentLength) { $0.write($1) }
        writer.write(self.contentType)
        writer.write(optional: self.retryAfter) { $0.write($1) }
        writer.write(optional: self.providerRequestID) { $0.write($1) }
        writer.write(self.call)
        writer.write(self.attempts)
        let shared: UInt8 = self.isShared ? 4 : 0
        switch self.cost {
        case .open: writer.write(shared)
        case .unknown: writer.write(shared | 1)
        case .known(let cost):
            writer.write(shared | 2)
            writer.write(cost)
        }
        writer.write(UInt8(clamping: self.further.count))
        for header in self.further { header.write(to: &writer) }
    }
}

extension WireReader {
    /// A header value: at most 1 KiB of visible ASCII, spaces and tabs, so that it can be sent as it is.
    mutating func readHeaderValue() throws(Malformed) -> [UInt8] {
        let value = try self.readBytes(limit: 1024)
        guard value.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else { throw Malformed() }
        return value
    }
}
