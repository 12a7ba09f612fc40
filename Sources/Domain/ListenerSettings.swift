/// One address that clients connect to, and the files with which TLS is spoken there.
public struct ListenerSettings: Hashable, Sendable {
    /// Absolute paths of PEM files; the supervisor opens them, the edges read them.
    public struct TLSFiles: Hashable, Sendable {
        /// The certificate and those that signed it, the server's own first.
        public var certificate: String
        public var key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    public var address: ListenAddress
    /// Nil: plain HTTP.
    public var tls: TLSFiles?

    public init(_ address: ListenAddress, tls: TLSFiles? = nil) {
        self.address = address
        self.tls = tls
    }
}
