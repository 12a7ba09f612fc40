/// Base64 (RFC 4648 §4). Pure.
public enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// With padding.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count &+ 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = bytes.count &- index
            let second = rest > 1 ? bytes[index &+ 1] : 0
            let third = rest > 2 ? bytes[index &+ 2] : 0
            let group = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
            text.append(self.digits[Int(group >> 18)])
            text.append(self.digits[Int(group >> 12 & 63)])
            text.append(rest > 1 ? self.digits[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            text.append(rest > 2 ? self.digits[Int(group & 63)] : UInt8(ascii: "="))
            index &+= 3
        }
        return text
    }

    /// The text in `data`; nil where that is no base64 (padding is optional, the URL's digits are taken, too) or not UTF-8.
    static func text(_ data: [UInt8]) -> [UInt8]? {
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
