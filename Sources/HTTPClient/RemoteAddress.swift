/// Where a connection goes: an address of IPv4 or IPv6. Pure.
public enum RemoteAddress: Hashable, Sendable {
    /// In the host's byte order.
    case v4(UInt32)
    /// The first and the last 64 bits.
    case v6(UInt64, UInt64)

    /// Of 4 or 16 bytes in network order; nil for any other number.
    public init?(_ bytes: ArraySlice<UInt8>) {
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self = .v4(UInt32(truncatingIfNeeded: word(bytes)))
        case 16: self = .v6(word(bytes.prefix(8)), word(bytes.suffix(8)))
        default: return nil
        }
    }

    /// A range of IPv4 addresses: all bits behind the first `length` of `first` are zero.
    private struct Range4 {
        var first: UInt32
        var length: UInt32

        init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ length: UInt32) {
            self.first = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
            self.length = length
        }

        func contains(_ address: UInt32) -> Bool { (address ^ self.first) >> (32 - self.length) == 0 }
    }

    /// A range of IPv6 addresses by their first 64 bits; `length` is at most 64.
    private struct Range6 {
        var first: UInt64
        var length: UInt64

        init(_ first: UInt64, _ length: UInt64) {
            self.first = first
            self.length = length
        }

        func contains(_ high: UInt64) -> Bool { (high ^ self.first) >> (64 - self.length) == 0 }
    }

    /// What of IPv4 is not the public Internet: IANA's registry of special-purpose addresses, multicast, and the one public address
    /// that a cloud keeps for its own services on each host.
    private static let special4 = [
        Range4(0, 0, 0, 0, 8),  // this network
        Range4(10, 0, 0, 0, 8),  // private
        Range4(100, 64, 0, 0, 10),  // carriers' NAT
        Range4(127, 0, 0, 0, 8),  // loopback
        Range4(168, 63, 129, 16, 32),  // Azure's platform, from its hosts
        Range4(169, 254, 0, 0, 16),  // link-local; the metadata of most clouds
        Range4(172, 16, 0, 0, 12),  // private
        Range4(192, 0, 0, 0, 24),  // protocol assignments; the metadata of others
        Range4(192, 0, 2, 0, 24),  // documentation
        Range4(192, 88, 99, 0, 24),  // relays of 6to4
        Range4(192, 168, 0, 0, 16),  // private
        Range4(198, 18, 0, 0, 15),  // benchmarks
        Range4(198, 51, 100, 0, 24),  // documentation
        Range4(203, 0, 113, 0, 24),  // documentation
        Range4(224, 0, 0, 0, 4),  // multicast
        Range4(240, 0, 0, 0, 4),  // reserved, and broadcast
    ]

    /// All that is given out of IPv6 lies in here. Loopback, mapped and compatible IPv4, unique local, link-local, site-local and
    /// multicast addresses do not.
    private static let global6 = Range6(0x2000 << 48, 3)
    /// What of it is not the public Internet, or leads elsewhere through a tunnel.
    private static let special6 = [
        Range6(0x2001 << 48, 23),  // protocol assignments, with Teredo, ORCHID and benchmarks
        Range6(0x2001_0DB8 << 32, 32),  // documentation
        Range6(0x2002 << 48, 16),  // 6to4
        Range6(0x3FFF << 48, 20),  // documentation
    ]
    /// NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is meant.
    private static let translated6: UInt64 = 0x0064_FF9B << 32

    /// An address of the public Internet that every host may have, and none of this machine's, its network's or its cloud's.
    public var isPublic: Bool {
        switch self {
        case .v4(let address): !Self.special4.contains { $0.contains(address) }
        case .v6(Self.translated6, let low) where low >> 32 == 0:
            RemoteAddress.v4(UInt32(truncatingIfNeeded: low)).isPublic
        case .v6(let high, _): Self.global6.contains(high) && !Self.special6.contains { $0.contains(high) }
        }
    }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        switch self {
        case .v4(let address): address >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }
}
