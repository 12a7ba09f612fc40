import Testing

@testable import UpstreamWorker

@Suite
struct SimulatedTokenizerTests {
    @Test(arguments: [
        ("", []), ("a", ["a"]), ("Hello there you", ["Hello", " there", " you"]),
        ("internationalisation", ["internat", "ionalisa", "tion"]), ("  a \n", ["  a", " \n"]),
        ("äöüäöü", ["äöüä", "öü"]), ("日本語", ["日本語"]), ("abcdefg日x", ["abcdefg日", "x"]),
    ])
    func cutsByWordsAndNeverWithinACharacter(_ text: String, _ expected: [String]) {
        let bytes = Array(text.utf8)
        let tokens = SimulatedTokenizer.tokens(bytes)
        #expect(tokens.map { String(decoding: bytes[$0], as: UTF8.self) } == expected)
        #expect(SimulatedTokenizer.count(bytes) == expected.count)
    }
}
