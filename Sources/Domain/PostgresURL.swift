extension PostgresAddress {
    /// What is wrong with a URL, in words that quote nothing of it.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }

    /// Bytes of the longest URL that is read.
    public static let longestURL = 8192
    /// Bytes of each part, decoded: so that the URL of all of them is never longer than the longest.
    static let longestPart = 512

    /// The parameters behind the `?` that are understood.
    public static let parameters = ["connect_timeout", "host", "port", "sslmode", "sslrootcert"]

    /// Reads `postgres://` or `postgresql://user:password@host:port/database?parameter=value&…` strictly: user and database are needed, what is
    /// special in a part is percent-encoded, and a parameter that is unknown or comes twice is refused. `?host=` names the folder of a
    /// socket, where there is no host before.
    public init(url: [UInt8]) throws(Malformed) {
        guard url.count <= Self.longestURL else { throw Malformed("it is longer than \(Self.longestURL) bytes") }
        guard url.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Malformed(
                "it has a space, a control character or one that is not ASCII: those must be percent-encoded")
        }
        let schemes = ["postgresql://", "postgres://"]
        guard let scheme = schemes.first(where: { url.starts(with: $0.utf8) }) else {
            throw Malformed("it does not begin with postgres:// or postgresql://")
        }
        guard !url.contains(UInt8(ascii: "#")) else {
            throw Malformed("it has a fragment (#): that must be percent-encoded")
        }
        let rest = url.dropFirst(scheme.utf8.count)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let tail = rest.dropFirst(authority.count)
        let path = tail.prefix { $0 != UInt8(ascii: "?") }
        let query = tail.dropFirst(path.count + 1)

        let people = authority.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard people.count <= 2 else { throw Malformed("it has more than one @: one in the password must be %40") }
        guard people.count == 2 else { throw Malformed("it names no user (user:password@…)") }
        let names = people[0].split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        let user = try Self.decoded(names[0], "the user")
        let password = names.count == 2 ? try Self.decoded(names[1], "the password") : []
        guard !user.isEmpty else { throw Malformed("it names no user (user:password@…)") }
        let database = try Self.decoded(path.dropFirst(), "the database's name")
        guard !database.isEmpty else { throw Malformed("it names no database (…/database)") }
        guard !path.dropFirst().contains(UInt8(ascii: "/")) else { throw Malformed("the path is more than one name") }

        let parameters = try Self.parameters(of: query)
        let (host, port) = try Self.place(people[1], parameters)
        self.init(
            host: host, port: port, database: try Self.text(database, "the database's name"),
            user: try Self.text(user, "the user"), password: password.isEmpty ? nil : Secret(password))
        try self.read(parameters)
    }

    // MARK: Parts

    private mutating func read(_ parameters: [String: [UInt8]]) throws(Malformed) {
        if let mode = parameters["sslmode"] {
            guard let tls = TLSMode.allCases.first(where: { $0.rawValue.utf8.elementsEqual(mode) }) else {
                let known = TLSMode.allCases.map(\.rawValue).joined(separator: ", ")
                throw Malformed("sslmode is none of \(known)")
            }
            self.tls = tls
        }
        if let certificate = parameters["sslrootcert"] {
            guard certificate.first == UInt8(ascii: "/") else {
                throw Malformed("sslrootcert is no absolute path of a file")
            }
            self.rootCertificate = try Self.text(certificate, "sslrootcert")
        }
        if self.tls == .verifyCA || self.tls == .verifyFull, self.rootCertificate == nil {
            throw Malformed(
                "sslmode=\(self.tls.rawValue) needs sslrootcert, such as /etc/ssl/certs/ca-certificates.crt")
        }
        if let timeout = parameters["connect_timeout"] {
            guard let seconds = Self.number(timeout).flatMap({ UInt32(exactly: $0) }),
                Self.connectTimeouts.contains(seconds)
            else { throw Malformed("connect_timeout is no number of seconds from 1 to 10") }
            self.connectTimeout = seconds
        }
    }

    private static func parameters(of query: ArraySlice<UInt8>) throws(Malformed) -> [String: [UInt8]] {
        var parameters: [String: [UInt8]] = [:]
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.parameters.first(where: { $0.utf8.elementsEqual(sides[0]) }) else {
                // A name is no secret, unless somebody has put one in its place.
                let isName =
                    sides[0].count <= 32 && sides.count == 2
                    && sides[0].allSatisfy {
                        $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    }
                let shown = isName ? " \(String(decoding: sides[0], as: UTF8.self))" : ""
                throw Malformed("the parameter\(shown) is none of \(Self.parameters.joined(separator: ", "))")
            }
            guard sides.count == 2, !sides[1].isEmpty else { throw Malformed("the parameter \(name) has no value") }
            guard parameters[name] == nil else { throw Malformed("the parameter \(name) comes twice") }
            parameters[name] = try Self.decoded(sides[1], name)
        }
        return parameters
    }

    private static func place(
        _ text: ArraySlice<UInt8>, _ parameters: [String: [UInt8]]
    ) throws(Malformed) -> (String, UInt16) {
        guard !text.contains(UInt8(ascii: ",")) else { throw Malformed("it names several hosts; one is supported") }
        var host = text
        var port: ArraySlice<UInt8>?
        if text.first == UInt8(ascii: "[") {
            guard let end = text.firstIndex(of: UInt8(ascii: "]")) else { throw Malformed("the host's ] is missing") }
            host = text[(text.startIndex + 1)..<end]
            let behind = text[(end + 1)...]
            guard host.contains(UInt8(ascii: ":")), Self.isAddress(host) else {
                throw Malformed("[…] is no IPv6 address")
            }
            guard behind.isEmpty || behind.first == UInt8(ascii: ":") else { throw Malformed("the port is no number") }
            if !behind.isEmpty { port = behind.dropFirst() }
        } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            host = text[..<colon]
            port = text[(colon + 1)...]
        }
        if host.isEmpty {
            guard let given = parameters["host"] else { throw Malformed("it names no host") }
            guard given.first == UInt8(ascii: "/") || Self.isAddress(given[...]) else {
                throw Malformed("host is neither a name nor the absolute path of a socket's folder")
            }
            host = given[...]
        } else {
            guard parameters["host"] == nil else { throw Malformed("it names a host twice") }
            guard text.first == UInt8(ascii: "[") || Self.isAddress(host) else {
                throw Malformed("the host is no name and no address")
            }
        }
        if let given = parameters["port"] {
            guard port == nil else { throw Malformed("it names a port twice") }
            port = given[...]
        }
        guard let port else { return (try Self.text(Array(host), "the host"), Self.standardPort) }
        guard let number = Self.number(port).flatMap({ UInt16(exactly: $0) }), number > 0 else {
            throw Malformed("the port is no number from 1 to 65535")
        }
        return (try Self.text(Array(host), "the host"), number)
    }

    /// Whether every byte can be one of a name or an address.
    private static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count <= 255 && !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._:".utf8.contains(byte)
                }
            }
    }

    private static func number(_ bytes: some Collection<UInt8>) -> Int? {
        guard (1...5).contains(bytes.count), bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func text(_ bytes: [UInt8], _ part: String) throws(Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed("\(part) is not UTF-8") }
        return text
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>, _ part: String) throws(Malformed) -> [UInt8] {
        guard let decoded = PercentEncoding.decode(bytes) else {
            throw Malformed("\(part) has a % that is not followed by two hexadecimal digits")
        }
        guard !decoded.contains(0) else { throw Malformed("\(part) has a NUL byte") }
        guard decoded.count <= Self.longestPart else {
            throw Malformed("\(part) is longer than \(Self.longestPart) bytes")
        }
        return decoded
    }
}
