import Glibc

/// The address of a client as an edge names it: 16 bytes, IPv4 in its mapped form.
struct PeerAddress: Hashable {
    private let bytes: [UInt8]

    /// nil for anything but 16 bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    private var isIPv4: Bool { self.bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) }

    /// What is counted together: an IPv4 address, or the first 64 bits of an IPv6 address, which is what one customer gets at least.
    var counted: [UInt8] { self.isIPv4 ? self.bytes : Array(self.bytes.prefix(8)) }

    /// `192.0.2.1` or `2001:db8::1`.
    var text: String {
        let family = self.isIPv4 ? AF_INET : AF_INET6
        let address = self.isIPv4 ? Array(self.bytes.suffix(4)) : self.bytes
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
