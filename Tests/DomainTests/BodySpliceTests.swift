import Domain
import Testing

@Suite struct BodySpliceTests {
    private let body = Array("0123456789".utf8)

    private func apply(_ splices: [(Int, Int, String)]) -> String? {
        BodySplice.apply(
            splices.map { BodySplice(offset: $0.0, removed: $0.1, replacement: Array($0.2.utf8)) }, to: self.body
        ).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func splicesReplaceInsertAndRemove() {
        #expect(self.apply([]) == "0123456789")
        #expect(self.apply([(0, 0, "a"), (3, 2, "bcd"), (10, 0, "e")]) == "a012bcd56789e")
        #expect(self.apply([(0, 10, "")]) == "")
        #expect(self.apply([(2, 1, ""), (3, 1, "x")]) == "01x456789")
    }

    @Test func splicesThatDoNotFitAreRefused() {
        for splices: [(Int, Int, String)] in [
            [(11, 0, "")], [(0, 11, "")], [(-1, 0, "")], [(0, -1, "")], [(5, 6, "")], [(4, 2, ""), (5, 1, "")],
            [(6, 1, ""), (2, 1, "")], [(.max, 1, "")], [(1, .max, "")], [(.max, .max, "")],
        ] {
            #expect(self.apply(splices) == nil)
        }
    }
}
