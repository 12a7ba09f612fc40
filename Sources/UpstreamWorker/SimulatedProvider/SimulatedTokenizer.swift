/// The simulated provider's tokens, simple enough to count by hand: a token is up to eight bytes of a word together with the
/// blanks before the word; a cut never falls into a character. Blanks at the very end are a token of their own.
enum SimulatedTokenizer {
    private static let longest = 8

    /// The tokens of a text, in order; together they are the text.
    static func tokens(_ text: [UInt8]) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        var start = 0
        while start < text.count {
            let end = self.end(of: start, in: text)
            tokens.append(start..<end)
            start = end
        }
        return tokens
    }

    /// How many tokens a text has.
    static func count(_ text: [UInt8]) -> Int {
        var count = 0
        var start = 0
        while start < text.count {
            start = self.end(of: start, in: text)
            count += 1
        }
        return count
    }

    private static func end(of start: Int, in text: [UInt8]) -> Int {
        var end = start
        while end < text.count, self.isBlank(text[end]) { end += 1 }
        let word = end
        while end < text.count, !self.isBlank(text[end]), end - word < self.longest || text[end] & 0xC0 == 0x80 {
            end += 1
        }
        return end
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
