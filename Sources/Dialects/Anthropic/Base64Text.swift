/// Base64 that holds text. Pure.
enum Base64Text {
    /// The text; nil where `data` is no base64 (padding is optional) or not UTF-8.
    static func decode(_ data: [UInt8]) -> [UInt8]? {
        var digits = data[...]
        while digits.last == UInt8(ascii: "=") { digits.removeLast() }
        guard data.count &- digits.count <= 2, digits.count % 4 != 1 else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(digits.count / 4 * 3 &+ 2)
        var bits: UInt32 = 0
        var held = 0
        for digit in digits {
            guard let value = self.value(digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            held &+= 6
            if held >= 8 {
                held &-= 8
                text.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return String(validating: text, as: UTF8.self) == nil ? nil : text
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x41...0x5A: digit &- 0x41
        case 0x61...0x7A: digit &- 0x61 &+ 26
        case 0x30...0x39: digit &- 0x30 &+ 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
