/// Makes what a provider wrote fit to be shown: bounded, valid UTF-8 in one line, without keys.
enum ProviderErrorText {
    /// Bytes of a message that are kept.
    static let maximumBytes = 16 << 10

    /// Beginnings of keys of the providers that mark theirs. Behind one stand at least `minimumKeyBytes` of a key's letters.
    private static let keyPrefixes = [
        "sk-", "sk_", "gsk_", "xai-", "hf_", "pplx-", "csk-", "tgp_", "AIza", "key-", "Bearer ", "bearer ",
    ].map { Array($0.utf8) }
    private static let minimumKeyBytes = 8

    static func clean(_ text: [UInt8]) -> [UInt8] {
        let line = self.line(text)
        return self.trimmed(self.bounded(self.withoutKeys(line)))
    }

    /// Control characters become a blank, several of them one; what is not UTF-8 becomes U+FFFD.
    private static func line(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        // A key that is cut off would not be recognised, so a little more is read than is kept.
        let text = text.prefix(self.maximumBytes + 1024)
        output.reserveCapacity(text.count)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0..<0x20, 0x7F..<0xA0:
                if output.last != 0x20 { output.append(0x20) }
            default: output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return output
    }

    /// Whatever looks like a key ends behind its prefix.
    static func withoutKeys(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        var isInWord = false
        while index < text.count {
            if !isInWord, text[index] < 0x80, let end = self.keyEnd(text, index) {
                let prefix = self.prefixLength(text, index)
                output.append(contentsOf: text[index..<index + prefix])
                output.append(contentsOf: "***".utf8)
                index = end
                isInWord = true
                continue
            }
            isInWord = self.isKeyByte(text[index])
            output.append(text[index])
            index += 1
        }
        return output
    }

    private static func keyEnd(_ text: [UInt8], _ start: Int) -> Int? {
        let prefix = self.prefixLength(text, start)
        guard prefix > 0 else { return nil }
        var end = start + prefix
        while end < text.count, self.isKeyByte(text[end]) || text[end] == UInt8(ascii: "*") { end += 1 }
        return end - start - prefix >= self.minimumKeyBytes ? end : nil
    }

    private static func prefixLength(_ text: [UInt8], _ start: Int) -> Int {
        for prefix in self.keyPrefixes where text[start...].starts(with: prefix) { return prefix.count }
        return 0
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func bounded(_ text: [UInt8]) -> [UInt8] {
        guard text.count > self.maximumBytes else { return text }
        var end = self.maximumBytes
        // Not within a character.
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return Array(text[..<end])
    }

    private static func trimmed(_ text: [UInt8]) -> [UInt8] {
        guard let first = text.firstIndex(where: { $0 != 0x20 }), let last = text.lastIndex(where: { $0 != 0x20 })
        else { return [] }
        return Array(text[first...last])
    }
}
