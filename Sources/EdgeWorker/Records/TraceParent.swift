/// The header `traceparent` of the W3C's Trace Context: who asks Sluice may have a trace of which this request is a part.
enum TraceParent {
    /// The 16 bytes of the trace's id; nil for a value that is not exactly as the recommendation wants it, which is then as
    /// good as none.
    static func traceID(_ value: String) -> [UInt8]? {
        unsafe value.withHeaderBytes { unsafe self.traceID($0) }
    }

    /// `VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-PPPPPPPPPPPPPPPP-FF` in lowercase hexadecimal; a version above 00 may say more
    /// behind another dash.
    private static func traceID(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard bytes.count >= 55, bytes.count <= 512 else { return nil }
        for dash in [2, 35, 52] where unsafe bytes[dash] != UInt8(ascii: "-") { return nil }
        guard let version = unsafe self.octet(bytes, 0), version != 0xFF,
            unsafe self.octet(bytes, 53) != nil
        else { return nil }
        if bytes.count > 55 {
            guard version > 0, unsafe bytes[55] == UInt8(ascii: "-") else { return nil }
        }
        guard let parent = unsafe self.octets(bytes, 36, count: 8), parent.contains(where: { $0 != 0 }) else {
            return nil
        }
        guard let trace = unsafe self.octets(bytes, 3, count: 16), trace.contains(where: { $0 != 0 }) else {
            return nil
        }
        return trace
    }

    private static func octets(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, count: Int) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(count)
        for index in 0..<count {
            guard let octet = unsafe self.octet(bytes, start + 2 * index) else { return nil }
            octets.append(octet)
        }
        return octets
    }

    private static func octet(_ bytes: UnsafeBufferPointer<UInt8>, _ place: Int) -> UInt8? {
        guard let high = unsafe self.nibble(bytes[place]), let low = unsafe self.nibble(bytes[place + 1]) else {
            return nil
        }
        return high << 4 | low
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x57
        default: nil
        }
    }
}
