import Glibc
import Limits

/// What of an IP address limits count together, as edges do: an IPv4 address with a mark, or the first 64 bits of an IPv6 address.
struct CountedAddress: Hashable, Sendable {
    /// The 64 bits that name it in the limit table.
    let bits: UInt64
    /// What is counted, for people: `192.0.2.1` or `2001:db8:1:2::/64`.
    let text: String

    /// Reads `192.0.2.1` or `2001:db8::1`; nil for anything else. An IPv4 address in IPv6 form is an IPv4 address.
    init?(_ text: String) {
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        if let bytes = Self.parse(text, AF_INET, 4) {
            self.init(v4: bytes[...])
        } else if let bytes = Self.parse(text, AF_INET6, 16) {
            if bytes.starts(with: mapped) { self.init(v4: bytes[12...]) } else { self.init(v6: bytes[..<8]) }
        } else {
            return nil
        }
    }

    private init(v4 bytes: ArraySlice<UInt8>) {
        self.bits = LimitKey.counted(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        self.text = Self.render(bytes, AF_INET)
    }

    private init(v6 network: ArraySlice<UInt8>) {
        self.bits = network.reduce(0) { $0 << 8 | UInt64($1) }
        self.text = "\(Self.render(network + [UInt8](repeating: 0, count: 8), AF_INET6))/64"
    }

    private static func parse(_ text: String, _ family: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }

    private static func render(_ address: some Sequence<UInt8>, _ family: Int32) -> String {
        let bytes = Array(address)
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard unsafe inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
