import Routing
import Testing

@Suite struct NamePatternTests {
    private func match(_ pattern: String, _ name: String) -> String? {
        NamePattern(Array(pattern.utf8)).match(Array(name.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func oneStarStandsForAnything() {
        #expect(self.match("gpt-*", "gpt-4o") == "4o")
        #expect(self.match("gpt-*", "gpt-") == "")
        #expect(self.match("*-mini", "gpt-4o-mini") == "gpt-4o")
        #expect(self.match("a*a", "aba") == "b" && self.match("a*a", "aa") == "")
        #expect(self.match("*", "x") == "x" && self.match("*", "") == "")
        #expect(self.match("gpt-*", "gpt") == nil && self.match("*-mini", "mini") == nil)
        // Prefix and suffix may not overlap.
        #expect(self.match("a*a", "a") == nil && self.match("ab*ba", "aba") == nil)
    }

    @Test func withoutAStarItIsTheName() {
        #expect(self.match("smart", "smart") == "")
        #expect(self.match("smart", "smarter") == nil && self.match("smart", "smar") == nil)
        // One letter, written in two ways.
        #expect(self.match("caf\u{E9}", "cafe\u{301}") == nil)
    }

    @Test func aSecondStarIsAByte() {
        #expect(self.match("a*b*", "axb*") == "x" && self.match("a*b*", "axbx") == nil)
    }

    @Test func whatTheStarStandsForIsFilledIn() {
        let pattern = NamePattern(Array("x-*-y".utf8))
        #expect(pattern.filled(with: Array("1*2".utf8)[...]) == Array("x-1*2-y".utf8))
        #expect(NamePattern(Array("x".utf8)).filled(with: [1]) == Array("x".utf8))
        #expect(pattern.fixedCount == 4 && !pattern.isExact)
    }

    @Test func listsAllowByNameAndByPattern() {
        let list = AllowList(["smart", "openai:gpt-*"].map { Array($0.utf8) })
        #expect(list.allows(Array("smart".utf8)) && list.allows(Array("openai:gpt-4o".utf8)))
        #expect(!list.allows(Array("smarter".utf8)) && !list.allows(Array("openai:o3".utf8)))
        #expect(list.names(Array("smart".utf8)) && !list.names(Array("openai:gpt-4o".utf8)))
        #expect(!AllowList([]).allows(Array("smart".utf8)) && AllowList([[0x2A]]).allows(Array("any".utf8)))
    }
}
