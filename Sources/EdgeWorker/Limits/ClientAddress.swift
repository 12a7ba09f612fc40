import Limits
import NIOCore

/// An IP address, in the two ways limits need it: whole, to compare it with ranges, and as what is counted together.
struct ClientAddress: Hashable {
    /// The 16 bytes of an IPv6 address; an IPv4 address has its mapped form `::ffff:a.b.c.d`, and is nothing else than that.
    let high: UInt64
    let low: UInt64

    private static let mapped: UInt64 = 0xFFFF << 32

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(v4 address: UInt32) {
        self.init(high: 0, low: ClientAddress.mapped | UInt64(address))
    }

    /// The address of a peer; nil for one that has none (a Unix socket's).
    init?(_ address: SocketAddress) {
        // SAFETY: a socket address of IPv4 has 16 bytes, the address at 4; one of IPv6 has 28 bytes, the address at 8.
        switch address {
        case .v4(let address):
            self.init(
                v4: unsafe withUnsafeBytes(of: address.address) {
                    unsafe UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                })
        case .v6(let address):
            let words = unsafe withUnsafeBytes(of: address.address) {
                unsafe (
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                )
            }
            self.init(high: words.0, low: words.1)
        case .unixDomainSocket: return nil
        }
    }

    var isIPv4: Bool { self.high == 0 && self.low >> 32 == 0xFFFF }

    /// What is counted together: an IPv4 address, marked, or the first 64 bits of an IPv6 address, which is what one
    /// customer gets at least.
    var counted: UInt64 { self.isIPv4 ? LimitKey.counted(v4: UInt32(truncatingIfNeeded: self.low)) : self.high }

    /// 127.0.0.0/8 or ::1.
    var isLoopback: Bool { self.isIPv4 ? self.low >> 24 & 0xFF == 127 : self.high == 0 && self.low == 1 }
}

// MARK: Text

extension ClientAddress {
    /// As RFC 5952 writes it: `192.0.2.1`, `2001:db8::1`.
    var text: String {
        if self.isIPv4 {
            return [24, 16, 8, 0].map { "\(self.low >> $0 & 0xFF)" }.joined(separator: ".")
        }
        let groups = [self.high, self.low].flatMap { word in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: word >> $0) }
        }
        // The longest run of two or more zeros is left out, the first of several.
        var gap = 0..<0
        var start = 0
        for place in 0...8 where place == 8 || groups[place] != 0 {
            if place - start > max(1, gap.count) { gap = start..<place }
            start = place + 1
        }
        func hex(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !gap.isEmpty else { return hex(groups[...]) }
        return "\(hex(groups[..<gap.lowerBound]))::\(hex(groups[gap.upperBound...]))"
    }

    /// Reads an address as headers have it: `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, the first and the last with a
    /// port behind them too. nil for anything else: names, zones, leading zeros, numbers out of range.
    init?(text bytes: UnsafeRawBufferPointer) {
        var bytes = unsafe bytes
        if unsafe bytes.first == UInt8(ascii: "[") {
            guard let end = unsafe bytes.firstIndex(of: UInt8(ascii: "]")), end > 1,
                unsafe ClientAddress.isPort(UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...]))
            else { return nil }
            unsafe self.init(v6: UnsafeRawBufferPointer(rebasing: bytes[1..<end]))
            return
        }
        if let colon = unsafe bytes.firstIndex(of: UInt8(ascii: ":")) {
            guard unsafe bytes[..<colon].contains(UInt8(ascii: ".")) else {
                unsafe self.init(v6: bytes)
                return
            }
            guard unsafe ClientAddress.isPort(UnsafeRawBufferPointer(rebasing: bytes[colon...])) else { return nil }
            unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes[..<colon])
        }
        guard let address = unsafe ClientAddress.v4(bytes) else { return nil }
        self.init(v4: address)
    }

    /// Nothing, or a colon and digits.
    private static func isPort(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard unsafe !bytes.isEmpty else { return true }
        return unsafe bytes[0] == UInt8(ascii: ":") && (2...6).contains(bytes.count)
            && bytes.dropFirst().allSatisfy { $0 &- 0x30 < 10 }
    }

    private static func v4(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
        var address: UInt32 = 0
        var part: UInt32 = 0
        var digits = 0
        var parts = 0
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            if byte == UInt8(ascii: ".") {
                guard digits > 0, parts < 3 else { return nil }
                address = address << 8 | part
                (part, digits, parts) = (0, 0, parts + 1)
                continue
            }
            // 010 is eight to some readers and ten to others.
            guard byte &- 0x30 < 10, digits < 3, digits == 0 || part > 0 else { return nil }
            part = part * 10 + UInt32(byte &- 0x30)
            guard part < 256 else { return nil }
            digits += 1
        }
        return parts == 3 && digits > 0 ? address << 8 | part : nil
    }

    private init?(v6 bytes: UnsafeRawBufferPointer) {
        // Groups in front of "::" and behind it, 16 bits each.
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var index = 0
        while index < bytes.count {
            if unsafe bytes[index] == UInt8(ascii: ":") {
                let isDouble = index + 1 < bytes.count && (unsafe bytes[index + 1]) == UInt8(ascii: ":")
                if isDouble {
                    guard gap == nil else { return nil }
                    gap = count
                    index += 2
                    continue
                }
                // A single colon stands between two groups.
                guard count > 0, gap != count, index + 1 < bytes.count else { return nil }
                index += 1
            } else if count > 0, gap != count {
                return nil
            }
            var end = index
            while end < bytes.count, unsafe bytes[end] != UInt8(ascii: ":") { end += 1 }
            let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[index..<end])
            if unsafe text.contains(UInt8(ascii: ".")) {
                guard end == bytes.count, count <= 6, let tail = unsafe ClientAddress.v4(text) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: tail >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: tail)
                count += 2
            } else {
                guard count < 8, let group = unsafe ClientAddress.group(text) else { return nil }
                groups[count] = group
                count += 1
            }
            index = end
        }
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        let moved = 8 - count
        var words: (UInt64, UInt64) = (0, 0)
        for place in 0..<8 {
            var group: UInt16 = 0
            if let gap {
                if place < gap { group = groups[place] } else if place >= gap + moved { group = groups[place - moved] }
            } else {
                group = groups[place]
            }
            if place < 4 { words.0 = words.0 << 16 | UInt64(group) } else { words.1 = words.1 << 16 | UInt64(group) }
        }
        self.init(high: words.0, low: words.1)
    }

    private static func group(_ bytes: UnsafeRawBufferPointer) -> UInt16? {
        guard (1...4).contains(bytes.count) else { return nil }
        var value: UInt16 = 0
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte &- 0x30
            case 0x41...0x46, 0x61...0x66: digit = (byte | 0x20) &- 0x57
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
