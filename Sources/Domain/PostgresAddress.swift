/// Where a PostgreSQL database is and who we are there: what a URL `postgresql://user:password@host:port/database?…` says.
public struct PostgresAddress: Hashable, Sendable, CustomStringConvertible {
    /// How the connection is made safe, as libpq's `sslmode`.
    public enum TLSMode: String, Hashable, Sendable, CaseIterable {
        case disable, allow, prefer, require
        /// The server's certificate must be signed by `rootCertificate`.
        case verifyCA = "verify-ca"
        /// It must be for the host's name, too.
        case verifyFull = "verify-full"
    }

    /// A name, an address, or the absolute path of the folder of a socket.
    public var host: String
    public var port: UInt16
    public var database: String
    public var user: String
    /// Nil where the server asks for none.
    public var password: Secret?
    public var tls: TLSMode
    /// Absolute path of certificates in PEM.
    public var rootCertificate: String?
    /// Seconds that making a connection may take.
    public var connectTimeout: UInt32

    /// The seconds that `connectTimeout` can be.
    public static let connectTimeouts: ClosedRange<UInt32> = 1...10
    public static let standardPort: UInt16 = 5432
    public static let standardConnectTimeout: UInt32 = 5

    public init(
        host: String, port: UInt16 = standardPort, database: String, user: String, password: Secret? = nil,
        tls: TLSMode = .prefer, rootCertificate: String? = nil, connectTimeout: UInt32 = standardConnectTimeout
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.tls = tls
        self.rootCertificate = rootCertificate
        self.connectTimeout = connectTimeout
    }

    /// Whether the server is reached by a socket in the file system.
    public var isLocal: Bool { self.host.utf8.first == UInt8(ascii: "/") }

    /// Absolute paths of what is read to connect, but for what every name and certificate needs.
    public var files: [String] {
        [self.rootCertificate, self.isLocal ? "\(self.host)/.s.PGSQL.\(self.port)" : nil].compactMap { $0 }
    }

    /// `host:port/database`: never the user or the password.
    public var description: String {
        let host = self.host.utf8.contains(UInt8(ascii: ":")) ? "[\(self.host)]" : self.host
        return "\(host):\(self.port)/\(self.database)"
    }

    /// The whole as a URL that `init(url:)` reads, with the password.
    public var url: Secret {
        var text = "postgresql://\(Self.encoded(self.user.utf8))"
        self.password?.withBytes { text += ":\(Self.encoded($0))" }
        text += self.isLocal ? "@" : self.host.utf8.contains(UInt8(ascii: ":")) ? "@[\(self.host)]" : "@\(self.host)"
        text += self.isLocal ? "" : ":\(self.port)"
        text += "/\(Self.encoded(self.database.utf8))?"
        text += self.isLocal ? "host=\(Self.encoded(self.host.utf8, isPath: true))&port=\(self.port)&" : ""
        text += "sslmode=\(self.tls.rawValue)&connect_timeout=\(self.connectTimeout)"
        if let certificate = self.rootCertificate {
            text += "&sslrootcert=\(Self.encoded(certificate.utf8, isPath: true))"
        }
        return Secret(Array(text.utf8))
    }

    /// Everything that is not a letter, a digit or harmless as `%XX`.
    private static func encoded(_ bytes: some Sequence<UInt8>, isPath: Bool = false) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "*"):
                text.append(byte)
            case UInt8(ascii: "/") where isPath: text.append(byte)
            default: text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
