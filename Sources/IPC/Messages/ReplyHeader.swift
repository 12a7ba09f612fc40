/// A header of a reply of the administration. The names are these and no others: what frames a reply is the edge's alone to say.
public struct ReplyHeader: Hashable, Sendable {
    /// Raw values are the wire format.
    public enum Name: UInt8, Hashable, Sendable, CaseIterable {
        case etag = 1
        case location = 2
        case authenticate = 3
        case allow = 4
        case cacheControl = 5
        case link = 6
        case contentSecurityPolicy = 7
        case contentTypeOptions = 8
        case referrerPolicy = 9
        case frameOptions = 10
        case deprecation = 11
        case contentDisposition = 12
        case idempotentReplayed = 13

        /// The name, in small letters.
        public var text: StaticString {
            switch self {
            case .etag: "etag"
            case .location: "location"
            case .authenticate: "www-authenticate"
            case .allow: "allow"
            case .cacheControl: "cache-control"
            case .link: "link"
            case .contentSecurityPolicy: "content-security-policy"
            case .contentTypeOptions: "x-content-type-options"
            case .referrerPolicy: "referrer-policy"
            case .frameOptions: "x-frame-options"
            case .deprecation: "deprecation"
            case .contentDisposition: "content-disposition"
            case .idempotentReplayed: "idempotent-replayed"
            }
        }

        /// The header of that name, in small letters or others; nil for one that is not among them.
        public init?(_ name: String) {
            let text = name.lowercased()
            guard let found = Self.allCases.first(where: { "\($0.text)".utf8.elementsEqual(text.utf8) }) else {
                return nil
            }
            self = found
        }
    }

    public var name: Name
    /// At most 1 KiB of visible ASCII, spaces and tabs; another one is refused where it is read.
    public var value: [UInt8]

    public init(_ name: Name, _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    public init(_ name: Name, _ value: String) {
        self.init(name, Array(value.utf8))
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let name = Name(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.init(name, try reader.readHeaderValue())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.name.rawValue)
        writer.write(self.value)
    }
}
