internal import Glibc

/// Strict reading of JSON strings.
public enum JSONText {
    /// Appends what a string stands for, as UTF-8, given what is written between its quotes.
    ///
    /// The source must already be valid UTF-8, as everything behind a `JSONIndexer` is. Returns false, with an
    /// unspecified tail appended, for an unknown or cut-off escape, half a surrogate pair, a bare quote or a raw
    /// control character.
    public static func unescape(_ content: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool {
        var index = 0
        let count = content.count
        while index < count {
            let byte = unsafe content[index]
            index &+= 1
            guard byte >= 0x20, byte != UInt8(ascii: "\"") else { return false }
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            guard index < count else { return false }
            let escape = unsafe content[index]
            index &+= 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(escape)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = unsafe self.scalar(content, &index) else { return false }
                output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: return false
            }
        }
        return true
    }

    /// Whether a backslash occurs.
    public static func hasEscapes(_ content: UnsafeRawBufferPointer) -> Bool {
        guard let start = content.baseAddress else { return false }
        return unsafe memchr(start, CInt(UInt8(ascii: "\\")), content.count) != nil
    }

    /// The scalar behind `\u`, one escape or two; nil for half a pair.
    private static func scalar(_ content: UnsafeRawBufferPointer, _ index: inout Int) -> Unicode.Scalar? {
        guard let first = unsafe self.codeUnit(content, &index) else { return nil }
        guard 0xD800...0xDBFF ~= first else { return Unicode.Scalar(first) }
        guard
            index &+ 1 < content.count, unsafe content[index] == UInt8(ascii: "\\"),
            unsafe content[index &+ 1] == UInt8(ascii: "u")
        else { return nil }
        index &+= 2
        guard let second = unsafe self.codeUnit(content, &index), 0xDC00...0xDFFF ~= second else { return nil }
        return Unicode.Scalar(0x10000 &+ ((first &- 0xD800) << 10) &+ (second &- 0xDC00))
    }

    private static func codeUnit(_ content: UnsafeRawBufferPointer, _ index: inout Int) -> UInt32? {
        guard index &+ 4 <= content.count else { return nil }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt32
            switch unsafe content[index] {
            case let byte where byte &- 0x30 <= 9: digit = UInt32(byte &- 0x30)
            case let byte where (byte | 0x20) &- 0x61 <= 5: digit = UInt32((byte | 0x20) &- 0x61) &+ 10
            default: return nil
            }
            unit = unit << 4 | digit
            index &+= 1
        }
        return unit
    }
}
