/// Where clients reach the gateway.
public enum ListenAddress: Hashable, Sendable {
    /// Four bytes in network order.
    case ipv4(address: [UInt8], port: UInt16)
    /// Sixteen bytes in network order; `scope` is an interface index or 0.
    case ipv6(address: [UInt8], scope: UInt32, port: UInt16)
    case unix(path: String)
    /// A listening socket that was inherited under this number (systemd).
    case inherited(descriptor: Int32)
}
