import Domain

/// Listening addresses as the configuration writes them: `127.0.0.1:8080`, `[::1]:8080`, `unix:/path`, `fd:3`.
enum ListenAddressText {
    /// The address that `text` names. Port 0 lets the kernel choose one.
    static func parse(_ text: String) throws(ValueError) -> ListenAddress {
        if text.hasPrefix("unix:") {
            return .unix(path: try self.path(String(text.dropFirst("unix:".count))))
        }
        if text.hasPrefix("fd:") {
            guard let number = DecimalText.parse(text.utf8.dropFirst("fd:".count)), (3...1023).contains(number) else {
                throw ValueError("expected fd: and the number of an inherited socket, 3 to 1023")
            }
            return .inherited(descriptor: Int32(number))
        }
        return try self.tcp(text)
    }

    /// The form the configuration file uses.
    static func text(of address: ListenAddress) -> String {
        switch address {
        case .ipv4(let bytes, let port): "\(IPAddress(bytes: bytes)?.description ?? ""):\(port)"
        case .ipv6(let bytes, _, let port): "[\(IPAddress(bytes: bytes)?.description ?? "")]:\(port)"
        case .unix(let path): "unix:\(path)"
        case .inherited(let descriptor): "fd:\(descriptor)"
        }
    }

    /// Whether the kernel chooses the port, so that the same text twice means two listeners.
    static func isChosenByKernel(_ address: ListenAddress) -> Bool {
        switch address {
        case .ipv4(_, let port), .ipv6(_, _, let port): port == 0
        case .unix, .inherited: false
        }
    }

    private static func path(_ path: String) throws(ValueError) -> String {
        // 107 bytes fit sockaddr_un beside their NUL.
        guard path.hasPrefix("/"), !path.hasSuffix("/"), path.utf8.count <= 107,
            !path.utf8.contains(where: { $0 < 0x20 })
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
        return address.isIPv6
            ? .ipv6(address: address.bytes, scope: 0, port: port) : .ipv4(address: address.bytes, port: port)
    }
}
