/// Where the gateway accepts connections.
public enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A TCP port of one address; port 0 lets the kernel choose.
    case tcp(IPAddress, port: UInt16)
    /// A Unix socket at an absolute path of at most 107 bytes.
    case unix(path: String)
    /// A listening socket inherited from whoever started the gateway, such as systemd.
    case descriptor(Int32)

    /// The form the configuration file uses.
    public var description: String {
        switch self {
        case .tcp(let address, let port): address.isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unix(let path): "unix:\(path)"
        case .descriptor(let number): "fd:\(number)"
        }
    }

    init(_ text: String) throws(ValueError) {
        if text.hasPrefix("unix:") {
            self = .unix(path: try Self.path(String(text.dropFirst("unix:".count))))
        } else if text.hasPrefix("fd:") {
            guard let number = DecimalText.parse(text.utf8.dropFirst(3)), (3...1023).contains(number) else {
                throw ValueError("expected fd: and the number of an inherited socket, 3 to 1023")
            }
            self = .descriptor(Int32(number))
        } else {
            self = try Self.tcp(text)
        }
    }

    private static func path(_ path: String) throws(ValueError) -> String {
        guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.count <= 107, !path.utf8.contains(where: { $0 < 0x20 })
        else { throw ValueError("expected unix: and an absolute path of at most 107 bytes") }
        return path
    }

    private static func tcp(_ text: String) throws(ValueError) -> ListenAddress {
        guard let colon = text.lastIndex(of: ":") else {
            throw ValueError("expected an address and a port, such as 127.0.0.1:8080, [::1]:8080, unix:/path or fd:3")
        }
        guard let port = DecimalText.parse(text[text.index(after: colon)...].utf8), let port = UInt16(exactly: port)
        else { throw ValueError("expected a port of 0 to 65535 after the last colon") }
        var host = String(text[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed {
            host = String(host.dropFirst().dropLast())
        }
        if host.isEmpty || host == "*" {
            throw ValueError("expected an address before the port: 0.0.0.0:\(port) listens on all IPv4 addresses")
        }
        guard let address = IPAddress(host) else {
            throw ValueError("expected a numeric address before the port, such as 127.0.0.1:\(port) or [::1]:\(port)")
        }
        guard address.isIPv6 == isBracketed else {
            throw ValueError("expected brackets around an IPv6 address and none around IPv4")
        }
        return .tcp(address, port: port)
    }
}
