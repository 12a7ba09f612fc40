import Glibc

/// An IPv4 or IPv6 address as its bytes in network order.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 bytes for IPv4, 16 for IPv6.
    public let bytes: [UInt8]

    /// The address that `text` names in its numeric form, without port, brackets or zone; nil when it names none.
    public init?(_ text: String) {
        // inet_pton reads up to a NUL, so one inside the text would hide what follows it.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        guard let bytes = Self.parse(text, family: AF_INET, count: 4) ?? Self.parse(text, family: AF_INET6, count: 16)
        else {
            return nil
        }
        self.bytes = bytes
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Whether this is an IPv6 address.
    public var isIPv6: Bool { self.bytes.count == 16 }

    /// Whether packets to it stay on this machine: 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        self.isIPv6 ? self.bytes.dropLast().allSatisfy { $0 == 0 } && self.bytes.last == 1 : self.bytes.first == 127
    }

    /// The canonical text (RFC 5952), without brackets.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = self.isIPv6 ? AF_INET6 : AF_INET
        let written = unsafe inet_ntop(family, self.bytes, &buffer, socklen_t(buffer.count)) != nil
        guard written else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func parse(_ text: String, family: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
