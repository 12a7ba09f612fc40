/// How a client on this machine reaches a listener.
struct ReachableURL: Hashable, Sendable {
    /// Without a slash at the end.
    var base: String
    /// The path of the Unix socket that curl has to be told of.
    var socket: String?

    /// Of a line in `run/listeners`: `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`; nil for anything else.
    init?(listener line: String) {
        if line.hasPrefix("unix:/") {
            self.base = "http://localhost"
            self.socket = String(line.dropFirst("unix:".count))
            return
        }
        guard let colon = line.lastIndex(of: ":"), let port = UInt16(line[line.index(after: colon)...]), port > 0 else {
            return nil
        }
        let host = line[..<colon]
        let isPlain = host.utf8.allSatisfy { byte in
            Character(UnicodeScalar(byte)).isHexDigit || [0x2E, 0x3A, 0x5B, 0x5D, 0x25].contains(byte)
        }
        guard !host.isEmpty, isPlain else { return nil }
        // The unspecified address accepts from everywhere but is no place to connect to.
        switch host {
        case "0.0.0.0": self.base = "http://127.0.0.1:\(port)"
        case "[::]": self.base = "http://[::1]:\(port)"
        default: self.base = "http://\(host):\(port)"
        }
    }
}
