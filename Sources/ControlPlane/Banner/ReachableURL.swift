/// How a client on this machine reaches a listener.
struct ReachableURL: Hashable, Sendable {
    /// Without a slash at the end.
    var base: String
    /// The path of the Unix socket that curl has to be told of.
    var socket: String?

    /// Of a line in `run/listeners`: `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`; nil for anything else.
    init?(listener line: String, hasTLS: Bool = false) {
        let scheme = hasTLS ? "https" : "http"
        if line.hasPrefix("unix:/") {
            self.base = "\(scheme)://localhost"
            self.socket = String(line.dropFirst("unix:".count))
            return
        }
        guard let colon = line.lastIndex(of: ":") else { return nil }
        let (host, digits) = (line[..<colon], line[line.index(after: colon)...])
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits), port > 0,
            Self.isNumeric(host)
        else { return nil }
        // The unspecified address accepts from everywhere but is no place to connect to.
        switch host {
        case "0.0.0.0": self.base = "\(scheme)://127.0.0.1:\(port)"
        case "[::]": self.base = "\(scheme)://[::1]:\(port)"
        default: self.base = "\(scheme)://\(host):\(port)"
        }
    }
    /// Whether it can only be an IPv4 address or one of IPv6 in brackets: the text is pasted into a shell.
    private static func isNumeric(_ host: Substring) -> Bool {
        guard host.hasPrefix("[") else {
            return !host.isEmpty && host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        }
        return host.hasSuffix("]")
            && host.utf8.dropFirst().dropLast().allSatisfy { byte in
                (0x30...0x3A).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
                    || byte == 0x2E || byte == 0x25
            }
    }
}
