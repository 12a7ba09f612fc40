/// Percent-encoding, as RFC 3986 §2.1 has it.
public enum PercentEncoding {
    /// The bytes that a text stands for; nil where a `%` is not followed by two digits. With `blanks` a `+` is one, as in the fields of
    /// forms and queries.
    public static func decode(_ text: some Sequence<UInt8>, blanks: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.underestimatedCount)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(HexDigit.value), let low = rest.next().flatMap(HexDigit.value)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where blanks: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}
