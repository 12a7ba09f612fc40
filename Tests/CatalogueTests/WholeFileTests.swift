import Domain
import Foundation
import Testing

@testable import Catalogue

/// The copy of the real file: 4,553 members, two of which are no models.
@Suite(.withPrices) struct WholeFileTests {
    /// Read once: this build takes seconds.
    private static let reading = Result { try CatalogueReader.read(try SharedFile.bytes()) }
    private static func document() throws -> CatalogueDocument { try self.reading.get().document }

    /// Every field that any model has.
    private static func fields() throws -> Set<String> {
        let root = try #require(
            JSONSerialization.jsonObject(with: Data(try SharedFile.bytes())) as? [String: [String: Any]])
        return Set(root.values.flatMap(\.keys))
    }

    @Test func isReadWholeAndFast() throws {
        let bytes = try SharedFile.bytes()
        let began = ContinuousClock.now
        let reading = try CatalogueReader.read(bytes)
        let took = ContinuousClock.now - began
        // The bound of release builds is 2 s; this one has no optimisation.
        #expect(took < .seconds(20), "\(took)")
        print("read in \(took)")
        #expect(reading.document.entries.count == 4551)
        #expect(reading.notes.isClean, "\(reading.notes)")
        #expect(reading.notes.rounded < 150)
    }

    /// Each price is either used or known, with the reason why it is not.
    @Test func everyFieldIsKnown() throws {
        let fields = try Self.fields()
        #expect(fields.count >= 250)
        let meanings = Dictionary(uniqueKeysWithValues: fields.map { ($0, FieldMeaning(Array($0.utf8))) })
        #expect(meanings.filter { $0.value == .unknown }.isEmpty)
        let prices = fields.filter { $0.contains("cost") || $0.contains("pricing") || $0.contains("uplift") }
        var used: [String] = []
        var ignored: [IgnoredPrice: [String]] = [:]
        for name in prices.sorted() {
            switch meanings[name] {
            case .price, .tiers, .searches: used.append(name)
            case .ignored(let reason): ignored[reason, default: []].append(name)
            default: Issue.record("\(name) is taken for no price")
            }
        }
        #expect(used.count + ignored.values.map(\.count).reduce(0, +) == prices.count)
        #expect(used.count > 100)
        // A price whose name is written anew from what was understood of it is the price that was read.
        for name in used {
            guard case .price(.measure(let measure), let above, let service) = meanings[name] else { continue }
            let again = CatalogueField(measure, above: above, service: service).name
            #expect(again == name || name == "input_cost_per_token_cache_hit" || name.hasPrefix("ocr_"), "\(again)")
        }
    }

    /// By hand, from the text of the file.
    @Test func someModels() throws {
        let document = try Self.document()
        let luna = try #require(document.entry(Array("gpt-6-luna".utf8)))
        #expect(luna.provider == "openai" && luna.mode == "chat" && luna.maximumInput == 922_000)
        let price = try #require(luna.price)
        let rates = Price.Rates(
            input: 100_000, output: 500_000, cacheRead: 10_000, cacheWrite: 125_000,
            units: [.queryLow: 10_000_000_000, .query: 10_000_000_000, .queryHigh: 10_000_000_000])
        #expect(price.rates == rates)
        #expect(price.tiers.map(\.above) == [272_000] && price.tiers.first?.rates.output == 750_000)
        #expect(price.services[.batch]?.rates.input == 50_000 && price.services[.priority]?.rates.output == 1_000_000)
        #expect(price.services[.flex]?.tiers.first?.rates.input == 100_000)
        let haiku = try #require(document.entry(Array("claude-haiku-4-5".utf8))?.price)
        #expect(haiku.rates.input == 1_000_000 && haiku.rates.cacheWriteHour == 2_000_000)
        #expect(document.entry(Array("sample_spec".utf8)) == nil)
    }

    /// What is sold by the token is priced by the token.
    @Test func nearlyEveryChatHasAPrice() throws {
        let document = try Self.document()
        let chats = document.entries.filter { $0.mode == "chat" }
        let priced = chats.filter { $0.price != nil }
        #expect(chats.count > 3000 && priced.count * 20 > chats.count * 19, "\(priced.count) of \(chats.count)")
    }

    /// Names as clients write them, and prices as in the rows that are built in, where these have the same model.
    @Test(arguments: Vendor.allCases) func modelsOfTheVendors(_ vendor: Vendor) throws {
        let document = try Self.document()
        let source = try #require(
            CatalogueSource(dialect: .openai, baseURL: "https://\(vendor.host)/v1", providerName: "any"))
        let models = source.models(in: document)
        #expect(Set(models.map(\.name)).count == models.count)
        let known = Set(Catalogue.models(of: vendor).flatMap(\.names))
        let found = known.filter { name in models.contains { $0.name.elementsEqual(name.utf8) } }
        #expect(found.count * 10 >= known.count * 6, "\(found.count) of \(known.count)")
        for model in Catalogue.models(of: vendor) {
            for name in model.names {
                guard let entry = models.first(where: { $0.name.elementsEqual(name.utf8) })?.entry else { continue }
                let rates = try #require(entry.price?.rates, "\(name)")
                #expect((rates.input > 0) == (model.price.rates.input > 0), "\(name)")
            }
        }
    }
}
