import Domain

/// The proxies whose word on where a request comes from is taken.
///
/// Pure and immutable. A peer that is no trusted proxy is the client, whatever it writes into `X-Forwarded-For`.
struct TrustedProxies {
    private struct Range {
        var network: ClientAddress
        var mask: ClientAddress

        func contains(_ address: ClientAddress) -> Bool {
            address.high & self.mask.high == self.network.high && address.low & self.mask.low == self.network.low
        }
    }

    private let ranges: [Range]

    /// Ranges that are none (a network of neither 4 nor 16 bytes, a prefix that is too long) count for nothing.
    init(_ ranges: [LimitSettings.ProxyRange]) {
        self.ranges = ranges.compactMap { range in
            let isIPv4 = range.network.count == 4
            guard isIPv4 || range.network.count == 16, Int(range.prefixLength) <= range.network.count * 8 else {
                return nil
            }
            // IPv4 is a part of IPv6: its networks lie behind 96 fixed bits.
            let length = UInt64(range.prefixLength) + (isIPv4 ? 96 : 0)
            let bytes = isIPv4 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + range.network : range.network
            let words = [bytes[..<8], bytes[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
            let mask = ClientAddress(high: Self.mask(length), low: Self.mask(length > 64 ? length - 64 : 0))
            return Range(
                network: ClientAddress(high: words[0] & mask.high, low: words[1] & mask.low), mask: mask)
        }
    }

    var isEmpty: Bool { self.ranges.isEmpty }

    func contains(_ address: ClientAddress) -> Bool { self.ranges.contains { $0.contains(address) } }

    /// Who sent a request that came from `peer` (nil: over a Unix socket, whose users are trusted as proxies are): the
    /// rightmost address of `forwardedFor` that is no trusted proxy. Where the list has something that is no address, it
    /// ends there: the proxy that wrote it is as much as is known. nil where nobody has an address.
    func client(peer: ClientAddress?, forwardedFor: String?) -> ClientAddress? {
        guard let forwardedFor, peer.map({ self.contains($0) }) ?? true else { return peer }
        return unsafe forwardedFor.withHeaderBytes { text in
            let bytes = UnsafeRawBufferPointer(text)
            var known = peer
            var end = bytes.count
            while end >= 0 {
                var start = end
                while start > 0, unsafe bytes[start - 1] != UInt8(ascii: ",") { start -= 1 }
                let element = unsafe Self.trimmed(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                guard let address = unsafe ClientAddress(text: element) else { return known }
                known = address
                guard self.contains(address) else { return known }
                end = start - 1
            }
            return known
        }
    }

    private static func mask(_ length: UInt64) -> UInt64 {
        length == 0 ? 0 : length >= 64 ? .max : ~(UInt64.max >> length)
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var range = 0..<bytes.count
        while let first = range.first, unsafe isBlank(bytes[first]) { range.removeFirst() }
        while let last = range.last, unsafe isBlank(bytes[last]) { range.removeLast() }
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
    }
}
