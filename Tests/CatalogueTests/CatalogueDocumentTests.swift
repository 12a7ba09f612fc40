import Domain
import Testing

@testable import Catalogue

@Suite struct CatalogueDocumentTests {
    private static let input = CatalogueField(.tokens(.input))
    private static let output = CatalogueField(.tokens(.output))

    private func entry(_ name: String, _ provider: String = "openai", input: Int64 = 1_000_000) -> CatalogueEntry {
        CatalogueEntry(
            name: Array(name.utf8), provider: provider, mode: "chat",
            rates: [.init(Self.input, input), .init(Self.output, 2_000_000)])
    }

    @Test func entriesAreInOrderAndFound() {
        let document = CatalogueDocument([self.entry("b"), self.entry("a"), self.entry("c"), self.entry("a", input: 7)])
        #expect(document.entries.map(\.name) == ["a", "b", "c"].map { Array($0.utf8) })
        #expect(document.entry([0x61])?[Self.input] == 1_000_000)
        #expect(document.entry([0x62])?.name == [0x62] && document.entry([0x64]) == nil && document.entry([]) == nil)
        #expect(document.entries(of: "openai").count == 3 && document.entries(of: "xai").isEmpty)
    }

    @Test func theDifferenceIsToldFieldByField() throws {
        var changed = self.entry("b", input: 1_500_000)
        changed.maximumInput = 5
        changed.capabilities = ["supports_vision"]
        changed.deprecation = CatalogueDay("2027-01-31".utf8)
        var old = self.entry("b")
        old.capabilities = ["supports_web_search"]
        old.rates.append(.init(CatalogueField(.units(.query), above: 272_000, service: .batch), 8_000_000_000))
        let difference = CatalogueDifference(
            from: CatalogueDocument([self.entry("a"), old, self.entry("d")]),
            to: CatalogueDocument([changed, self.entry("c"), self.entry("d")]))
        #expect(difference.changes.map(\.name) == ["a", "b", "c"].map { Array($0.utf8) })
        #expect((difference.added, difference.removed, difference.changed) == (1, 1, 1))
        #expect(
            difference.changes[1].fields == [
                CatalogueFieldChange("input_cost_per_token", unit: "1M tokens", old: "1", new: "1.5"),
                CatalogueFieldChange(
                    "input_cost_per_query_above_272k_tokens_batches", unit: "query", old: "0.008", new: nil),
                CatalogueFieldChange("max_input_tokens", old: nil, new: "5"),
                CatalogueFieldChange("deprecation_date", old: nil, new: "2027-01-31"),
                CatalogueFieldChange("supports_vision", old: nil, new: "true"),
                CatalogueFieldChange("supports_web_search", old: "true", new: nil),
            ])
        #expect(difference.changes[2].fields.contains(CatalogueFieldChange("mode", old: nil, new: "chat")))
        #expect(difference.changes[0].fields.allSatisfy { $0.new == nil && $0.old != nil })
        let same = CatalogueDocument([self.entry("a")])
        #expect(CatalogueDifference(from: same, to: same).changes.isEmpty)
    }

    @Test func aPartIsTakenOver() {
        let old = CatalogueDocument([self.entry("a"), self.entry("b"), self.entry("x")])
        let new = CatalogueDocument([self.entry("a", input: 2), self.entry("b", input: 3), self.entry("c")])
        let all = old.updated(with: new) { _ in true }
        #expect(all == new)
        let some = old.updated(with: new) { $0.name != [0x62] }
        #expect(some.entries.map(\.name) == ["a", "b", "c"].map { Array($0.utf8) })
        #expect(some.entry([0x61])?[Self.input] == 2 && some.entry([0x62])?[Self.input] == 1_000_000)
    }

    @Test func amountsAreExact() {
        let cases: [(Int64, String, String)] = [
            (0, "0", "0"), (1, "0.000001", "0.000000000001"), (150_000, "0.15", "0.00000015"),
            (2_500_000, "2.5", "0.0000025"), (40_000_000_000, "40000", "0.04"), (1_000_000_000_000, "1000000", "1"),
        ]
        for (rate, tokens, image) in cases {
            #expect(Self.input.dollars(rate) == tokens)
            #expect(CatalogueField(.units(.imageOutput)).dollars(rate) == image)
        }
    }

    @Test func measuresKeepTheirCodes() {
        let measures: [CatalogueField.Measure] =
            TokenClass.allCases.map { .tokens($0) } + UnitClass.allCases.map { .units($0) }
        #expect(Set(measures.map(\.code)).count == measures.count)
        for measure in measures { #expect(CatalogueField.Measure(code: measure.code) == measure) }
        #expect(CatalogueField.Measure(code: 63) == nil && CatalogueField.Measure(code: 255) == nil)
    }

    @Test func daysAreDays() {
        for text in ["1970-01-01", "2000-02-29", "2026-10-23", "2027-12-31", "9999-12-31"] {
            #expect(CatalogueDay(text.utf8)?.description == text)
        }
        #expect(CatalogueDay("2026-10-23".utf8)?.daysSince1970 == 20_749)
        for text in [
            "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "1969-12-31", "2026-1-01", "",
            "2026-10-23T",
        ] {
            #expect(CatalogueDay(text.utf8) == nil, "\(text)")
        }
    }
}
