import Domain

/// Text from anywhere, made harmless: every control character, whatever turns the direction of text, quotes and backslashes
/// leave as escapes, and what is not UTF-8 as U+FFFD.
extension LineBuffer {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    // MARK: Values

    /// A value: quoted in JSON, and in text where it is more than a word.
    mutating func append(text: String, limit: Int) {
        let isDone: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
            unsafe self.append(text: UnsafeRawBufferPointer(bytes), limit: limit)
        }
        if isDone == nil { unsafe Array(text.utf8).withUnsafeBytes { unsafe self.append(text: $0, limit: limit) } }
    }

    mutating func append(text bytes: UnsafeRawBufferPointer, limit: Int) {
        let limit = min(limit, LineBuffer.longestValue)
        guard bytes.count <= limit, unsafe LineBuffer.isPlain(bytes) else {
            return unsafe self.append(escaping: bytes, limit: limit)
        }
        let isQuoted = unsafe self.format == .json || !LineBuffer.isWord(bytes)
        if isQuoted { self.append(UInt8(ascii: "\"")) }
        unsafe self.append(bytes)
        if isQuoted { self.append(UInt8(ascii: "\"")) }
    }

    /// A message in a text line: as it is, unless it could be taken for fields.
    mutating func append(message text: String, limit: Int) {
        var text = text
        let isSentence = text.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            return unsafe !bytes.isEmpty && bytes.count <= limit && LineBuffer.isPlain(bytes)
                && !bytes.contains(UInt8(ascii: "="))
        }
        if isSentence { self.append(own: text) } else { self.append(text: text, limit: limit) }
    }

    /// A key: quoted in JSON; in text, what is no letter, digit, point, hyphen or underscore becomes an underscore.
    mutating func append(key: String, limit: Int) {
        guard self.format == .text else { return self.append(text: key, limit: limit) }
        if key.isEmpty { self.append(UInt8(ascii: "_")) }
        for byte in key.utf8.prefix(limit) {
            let isGood = LineBuffer.isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            self.append(isGood ? byte : UInt8(ascii: "_"))
        }
    }

    // MARK: Looking

    /// Printable ASCII without quotes and backslashes.
    static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let count = bytes.count
        guard count >= 8 else {
            for index in 0..<count where unsafe !self.isPlain(bytes[index]) { return false }
            return true
        }
        var offset = 0
        while offset + 8 < count {
            guard unsafe self.isPlain(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) else {
                return false
            }
            offset &+= 8
        }
        return unsafe self.isPlain(bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte &- 0x20 < 0x5F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Eight bytes at once: none has its high bit, or gets one by adding 1 (DEL), or borrows from it when what is before the
    /// first printable character is taken away, or is a quote or a backslash.
    @inline(__always)
    private static func isPlain(_ word: UInt64) -> Bool {
        let quotes = word ^ (self.ones &* 0x22)
        let slashes = word ^ (self.ones &* 0x5C)
        let bad =
            word | (word &+ self.ones) | (word &- self.ones &* 0x20) | (quotes &- self.ones) | (slashes &- self.ones)
        return bad & self.highBits == 0
    }

    /// One or more characters that nobody needs quotes around.
    private static func isWord(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard unsafe !bytes.isEmpty else { return false }
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            // - . / : and the digits lie together.
            guard self.isLetterOrDigit(byte) || byte &- 0x2D < 0x0E || byte == 0x5F || byte == 0x40 || byte == 0x2B
            else { return false }
        }
        return true
    }

    @inline(__always)
    private static func isLetterOrDigit(_ byte: UInt8) -> Bool { byte | 0x20 &- 0x61 < 26 || byte &- 0x30 < 10 }

    // MARK: Escaping

    private mutating func append(escaping bytes: UnsafeRawBufferPointer, limit: Int) {
        self.append(UInt8(ascii: "\""))
        let end = self.position + limit
        // A character has at most four bytes and takes at least one.
        let isCut = bytes.count > limit + 4
        let text = unsafe String(decoding: bytes.prefix(limit + 4), as: UTF8.self)
        var isWhole = !isCut
        for scalar in text.unicodeScalars {
            guard self.position < end else {
                isWhole = false
                break
            }
            switch scalar.value {
            case 0x22, 0x5C:
                self.append(UInt8(ascii: "\\"))
                self.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0x0A: self.append(#"\n"#)
            case 0x0D: self.append(#"\r"#)
            case 0x09: self.append(#"\t"#)
            // C0, DEL and C1 drive terminals; line separators and what turns the direction of text, or is not seen at all, let
            // text pass for something else.
            case ..<0x20, 0x7F...0x9F, 0xAD, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF,
                0xFFF9...0xFFFB, 0xE0000...0xE007F:
                self.append(escaped: scalar)
            case ..<0x80: self.append(UInt8(truncatingIfNeeded: scalar.value))
            default: for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { self.append(byte) }
            }
        }
        if !isWhole { self.append("…") }
        self.append(UInt8(ascii: "\""))
    }

    /// As JSON has it: one `\uXXXX`, or two for what is beyond 16 bits.
    private mutating func append(escaped scalar: Unicode.Scalar) {
        for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
            self.append(#"\u"#)
            for shift in [12, 8, 4, 0] as [UInt16] {
                let nibble = UInt8(truncatingIfNeeded: unit >> shift & 0xF)
                self.append(nibble < 10 ? 0x30 &+ nibble : 0x57 &+ nibble)
            }
        }
    }
}
