/// A provider's or proxy's URL, taken apart and checked: http or https, a host, perhaps a port and a path.
///
/// It never holds user information, a query or a fragment, and its path has no trailing slash, so that a path of the
/// gateway's own can be added to it.
struct ProviderURL: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted (`https`).
    let isSecure: Bool
    /// A host name in lower case or a numeric address, IPv6 without its brackets.
    let host: String
    /// The port as written; nil for the scheme's own.
    let port: UInt16?
    /// Empty, or starting with a slash and not ending with one.
    let path: String

    /// The port to connect to.
    var effectivePort: UInt16 { self.port ?? (self.isSecure ? 443 : 80) }

    var description: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return (self.isSecure ? "https://" : "http://") + host + (self.port.map { ":\($0)" } ?? "") + self.path
    }

    init(isSecure: Bool, host: String, port: UInt16? = nil, path: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
    }

    init(_ text: String) throws(ValueError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 2048, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !#""<>\^`{|}"#.utf8.contains($0) })
        else { throw ValueError("expected a URL in plain ASCII, such as https://api.example.com/v1") }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https", text.dropFirst(scheme.count).hasPrefix("://") else {
            throw ValueError("expected a URL that starts with http:// or https://")
        }
        let rest = text.dropFirst(scheme.count + 3)
        let authority = rest.prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else {
            throw ValueError("expected a URL without user name and password; a key belongs into api_key")
        }
        let path = rest.dropFirst(authority.count)
        guard !path.contains("?"), !path.contains("#") else {
            throw ValueError("expected a URL without query and fragment")
        }
        (self.host, self.port) = try Self.hostAndPort(String(authority))
        self.path = try Self.normalized(path: String(path))
        self.isSecure = scheme == "https"
    }

    private static func hostAndPort(_ authority: String) throws(ValueError) -> (host: String, port: UInt16?) {
        let hostText: Substring
        let portText: Substring
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            hostText = authority[...end]
            portText = authority[authority.index(after: end)...]
        } else {
            hostText = authority.prefix { $0 != ":" }
            portText = authority.dropFirst(hostText.count)
        }
        var port: UInt16?
        if !portText.isEmpty {
            guard portText.hasPrefix(":"), let number = DecimalText.parse(portText.utf8.dropFirst()),
                let number = UInt16(exactly: number), number > 0
            else { throw ValueError("expected a port of 1 to 65535 after the host") }
            port = number
        }
        if hostText.hasPrefix("[") {
            guard let address = IPAddress(String(hostText.dropFirst().dropLast())), address.isIPv6 else {
                throw ValueError("expected an IPv6 address between the brackets")
            }
            return (address.description, port)
        }
        let host = hostText.lowercased()
        guard self.isHostName(host) else { throw ValueError("expected a host name or address after ://") }
        return (host, port)
    }

    private static func isHostName(_ host: String) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default:
                        false
                    }
                }
        }
    }

    private static func normalized(path: String) throws(ValueError) -> String {
        guard !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
            throw ValueError("expected a path without . and .. segments")
        }
        var path = path
        while path.hasSuffix("/") {
            path.removeLast()
        }
        return path
    }
}
