/// Writes the simulated provider's answers: sentences that depend on the prompt only.
enum SimulatedText {
    private static let words = """
        river gate water level stone bridge morning quiet engine signal table paper window garden letter number \
        market island forest summer winter harbour machine answer question method pattern record channel balance \
        measure current steady narrow simple careful early open small clear plain common wide gentle turns holds \
        carries follows reaches returns settles opens joins leaves keeps moves begins shows joins meets rests
        """.split(separator: " ").map { Array($0.utf8) }

    /// An answer to `prompt` (the last thing a user said); another for each `seed`. Valid UTF-8 if the prompt is.
    static func answer(to prompt: [UInt8], seed: UInt64) -> [UInt8] {
        var random = SimulatedRandom(seed: seed)
        var text = Array("This is a simulated answer".utf8)
        let quote = self.beginning(of: prompt)
        if !quote.isEmpty { text += Array(" to \u{201C}".utf8) + quote + Array("\u{201D}".utf8) }
        text += Array(".".utf8)
        for _ in 0..<(2 + random.next(below: 4)) {
            for position in 0..<(5 + random.next(below: 7)) {
                var word = self.words[random.next(below: self.words.count)]
                if position == 0 { word[0] &-= 0x20 }
                text.append(0x20)
                text += word
            }
            text += Array(".".utf8)
        }
        return text
    }

    /// The first words of the prompt in one line, at most about 60 bytes.
    private static func beginning(of prompt: [UInt8]) -> [UInt8] {
        var quote: [UInt8] = []
        for word in prompt.split(whereSeparator: { $0 <= 0x20 }) {
            guard quote.count + word.count <= 60 else { break }
            if !quote.isEmpty { quote.append(0x20) }
            quote += word
        }
        return quote
    }
}
