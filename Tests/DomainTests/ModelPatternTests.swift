import Domain
import Testing

@Suite struct ModelPatternTests {
    @Test(arguments: ["fast", "openai:gpt-5", "openai:*", "*", "vllm:org/model-7b", "a*b", "größer:模型"])
    func takesNamesAndPatterns(_ text: String) {
        #expect(ModelPattern.isPossible(Array(text.utf8)))
    }

    @Test(arguments: ["", " ", "a b", "**", "a*b*c", "a\n", "a\u{7F}", "\u{0}"])
    func refusesTheRest(_ text: String) {
        #expect(!ModelPattern.isPossible(Array(text.utf8)))
    }

    @Test func countsBytesAndWantsUTF8() {
        #expect(ModelPattern.isPossible([UInt8](repeating: 0x61, count: 256)))
        #expect(!ModelPattern.isPossible([UInt8](repeating: 0x61, count: 257)))
        #expect(!ModelPattern.isPossible([0x61, 0xFF]))
        #expect(!ModelPattern.isPossible([0xC3]))
    }
}
