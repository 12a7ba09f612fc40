import Domain

/// The segments of a path as RFC 3986 writes them.
public enum PathText {
    /// A segment with all but unreserved characters as `%` and two digits.
    public static func encode(_ segment: String) -> String {
        var text: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in segment.utf8 {
            if Self.isUnreserved(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The segment of its text; nil where a `%` is not followed by two digits or the bytes are no UTF-8.
    public static func decode(_ text: some Sequence<UInt8>) -> String? {
        PercentEncoding.decode(text).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}
