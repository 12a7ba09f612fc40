/// The types of parameters and columns that are understood, by the numbers that the server gives them.
enum PostgresType: Hashable {
    case bool, int2, int4, int8, float8, numeric, text, bytes
    /// Shown as the bytes that the server sends.
    case other

    init(oid: UInt32) {
        switch oid {
        case 16: self = .bool
        case 17: self = .bytes
        case 20: self = .int8
        case 21: self = .int2
        // oid has the form of int4, but no sign; none of ours is so high.
        case 23, 26: self = .int4
        case 701: self = .float8
        case 1700: self = .numeric
        // "char", name, text, json, unknown, char(n), varchar.
        case 18, 19, 25, 114, 705, 1042, 1043: self = .text
        default: self = .other
        }
    }

    /// Whether the bytes of a value, in the binary form, can be one of this type.
    func isPossible(_ bytes: UnsafeRawBufferPointer) -> Bool {
        switch self {
        case .bool: bytes.count == 1
        case .int2: bytes.count == 2
        case .int4: bytes.count == 4
        case .int8, .float8: bytes.count == 8
        case .numeric: unsafe self.integer(bytes) != nil
        case .text, .bytes, .other: true
        }
    }

    /// The integer that the bytes of a value say, a fraction cut off; nil when they say none that 64 bits hold.
    func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        switch self {
        case .bool: return unsafe bytes.count == 1 ? (bytes[0] == 0 ? 0 : 1) : nil
        case .int2: return unsafe Self.bigEndian(bytes, Int16.self).map { Int64($0) }
        case .int4: return unsafe Self.bigEndian(bytes, Int32.self).map { Int64($0) }
        case .int8: return unsafe Self.bigEndian(bytes, Int64.self)
        case .float8:
            guard bytes.count == 8 else { return nil }
            let number = unsafe Double(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
            guard number.isFinite, number.magnitude < 9.2e18 else { return nil }
            return Int64(number)
        case .numeric: return unsafe Self.numeric(bytes)
        case .text: return unsafe Self.digits(bytes)
        case .bytes, .other: return nil
        }
    }

    private static func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ type: Number.Type
    ) -> Number? {
        guard bytes.count == MemoryLayout<Number>.size else { return nil }
        return unsafe Number(bigEndian: bytes.loadUnaligned(as: type))
    }

    /// A text of digits with a sign, and nothing else.
    private static func digits(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard unsafe !bytes.isEmpty, bytes.count <= 20 else { return nil }
        return unsafe Int64(String(decoding: bytes, as: UTF8.self))
    }

    /// The binary form of numeric: counts of digits, weight of the first one, sign, scale, then digits of base 10,000.
    private static func numeric(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        func word(_ index: Int) -> UInt16 { unsafe UInt16(bytes[index * 2]) << 8 | UInt16(bytes[index * 2 + 1]) }
        guard bytes.count >= 8, bytes.count == 8 + Int(word(0)) * 2 else { return nil }
        let weight = Int(Int16(bitPattern: word(1)))
        let sign = word(2)
        guard sign == 0 || sign == 0x4000 else { return nil }
        guard weight <= 5 else { return nil }
        var number: Int64 = 0
        guard weight >= 0 else { return 0 }
        for place in 0...weight {
            let digit = place < Int(word(0)) ? Int64(word(4 + place)) : 0
            guard digit < 10_000 else { return nil }
            let (shifted, first) = number.multipliedReportingOverflow(by: 10_000)
            let (sum, second) = shifted.subtractingReportingOverflow(digit)
            guard !first, !second else { return nil }
            number = sum
        }
        // Counted below zero, where there is room for one more.
        if sign == 0x4000 { return number }
        return number == .min ? nil : -number
    }
}
