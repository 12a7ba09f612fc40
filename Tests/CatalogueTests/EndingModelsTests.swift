import Domain
import Testing

@testable import Catalogue

@Suite struct EndingModelsTests {
    @Test func eachIsToldOnceAndFromThirtyDaysBefore() throws {
        let document = CatalogueDocument(
            ["a": "2026-12-01", "b": "2026-11-22", "c": "2026-12-23"].map { name, day in
                CatalogueEntry(name: Array(name.utf8), provider: "xai", deprecation: CatalogueDay(day.utf8))
            })
        let provider = ProviderSettings(name: "x", kind: .server(.xai, baseURL: "https://api.x.ai/v1"))
        let simulated = ProviderSettings(name: "s", kind: .simulated(delay: 0, tokensPerSecond: 1))
        let today = try #require(CatalogueDay("2026-11-22".utf8))
        let models = EndingModels(document, [simulated, provider], today: today)
        func target(_ model: String, _ provider: String = "x") -> EndingModels.Target {
            .init(provider: provider, model: model)
        }
        #expect(models.ending(target("a"))?.isOver == false && models.ending(target("b"))?.isOver == true)
        #expect(models.ending(target("c")) == nil && models.ending(target("a", "s")) == nil)
        #expect(
            models.notices(
                aliases: [("one", [target("a"), target("c")]), ("two", [target("a", "y")])],
                priced: [target("a"), target("b")],
                used: [target("b"), target("a")]) == [
                    "the model alias one: x:a ends on 2026-12-01, as the catalogue says",
                    "pricing: x:b has ended on 2026-11-22, as the catalogue says",
                ])
        #expect(
            EndingModels(nil, [provider], today: today).notices(aliases: [("one", [target("a")])], priced: []) == [])
    }
}
