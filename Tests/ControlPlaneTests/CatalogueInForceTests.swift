import Administration
import Catalogue
import Configuration
import Domain
import JSON
import Testing

@testable import ControlPlane

/// A catalogue on its way into the snapshots of workers, and over the restarts of control.
@Suite struct CatalogueInForceTests {
    private static func provider(_ name: String, _ url: String, _ dialect: Dialect = .openai) -> ConfiguredProvider {
        ConfiguredProvider(settings: ProviderSettings(name: name, kind: .server(dialect, baseURL: url)))
    }

    @Test func itIsPackedAndUnpacked() throws {
        let document = try CatalogueScene.document(CatalogueScene.new)
        let packed = try #require(document.packed())
        #expect(CatalogueDocument(packed: packed) == document)
        for count in 0..<packed.count { #expect(CatalogueDocument(packed: Array(packed.prefix(count))) == nil) }
        #expect(CatalogueDocument(packed: packed + [0]) == nil)
        var damaged = packed
        for index in packed.indices {
            damaged[index] ^= 0xFF
            _ = CatalogueDocument(packed: damaged)
            damaged[index] ^= 0xFF
        }
    }

    /// The configuration's prices count before the catalogue's, and these before what is built in.
    @Test func whatCountsBeforeWhat() throws {
        let document = try CatalogueReader.read(
            Array(
                """
                {"gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
                    "max_input_tokens": 4000, "max_output_tokens": 5000},
                 "gpt-4o-mini": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 7000, "max_output_tokens": 10},
                 "gpt-new": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06},
                 "gpt-bare": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 9},
                 "gpt-set": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 3e-06, "output_cost_per_token": 4e-06,
                    "max_input_tokens": 77},
                 "e": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 3e-06, "max_output_tokens": 3}}
                """.utf8)
        ).document
        let own = Price(Price.Rates(input: 9, output: 9))
        let others = Price(Price.Rates(input: 8, output: 8))
        let table = PriceTable(
            providers: [
                Self.provider("openai", "https://api.openai.com/v1"), Self.provider("local", "http://127.0.0.1:1/v1"),
            ],
            pricing: [
                ModelPrice(provider: "openai", model: "gpt-set", price: own),
                ModelPrice(provider: "openai", model: nil, price: others),
            ], catalogue: document)
        func price(_ model: String) -> Price? {
            table.price(of: Array(model.utf8), at: 0).map { table.prices[Int($0)] }
        }
        func facts(_ model: String) -> ModelFacts? {
            table.models.first { $0.provider == 0 && $0.name == Array(model.utf8) }?.facts
        }
        #expect(price("gpt-4o") == Price(Price.Rates(input: 1_000_000, output: 2_000_000)))
        #expect(facts("gpt-4o")?.contextWindow == 5000 && facts("gpt-4o")?.maximumOutput == 5000)
        #expect(price("gpt-new")?.rates.input == 3_000_000)
        #expect(facts("gpt-new")?.outputLimitMember == .maxCompletionTokens)
        // Of this one the catalogue knows no price: the built-in one stays, with the bounds of the catalogue.
        #expect(price("gpt-4o-mini")?.rates.input == 150_000 && facts("gpt-4o-mini")?.contextWindow == 7000)
        // And of this one nobody does: it costs what all others do.
        #expect(price("gpt-bare") == others && facts("gpt-bare") == nil)
        #expect(price("gpt-set") == own && facts("gpt-set")?.contextWindow == 77)
        #expect(facts("e")?.maximumOutput == nil && price("e")?.rates.input == 3_000_000)
        #expect(price("gpt-4.1")?.rates.input == 2_000_000)
        #expect(!table.models.contains { $0.provider == 1 })
    }

    @Test func itComesBackWithTheConfiguration() throws {
        var source = ConfigurationSource.read(
            version: 3, file: nil, environment: EnvironmentBlock(bytes: []), workingDirectory: "/w"
        ) { (_, _) throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "none") }.source
        var record = try CatalogueScene.record(CatalogueScene.old)
        record.head.applied = 7
        record.head.actor = "uid:0"
        record.head.actorName = "operator"
        source.use(StoreFacts(hasKeys: true, projects: [], catalogue: record))
        let decoded = try #require(ConfigurationSource(decoding: source.encoded()))
        #expect(decoded == source && decoded.catalogue?.document.entries.count == 3)
        #expect(decoded.catalogue?.record == record)
        // What this version cannot read does not take the place of what is in force.
        var newer = record
        newer.body = Array("sluice catalogue 2\n".utf8)
        newer.head.digest = [UInt8](repeating: 1, count: 32)
        source.use(StoreFacts(hasKeys: true, projects: [], catalogue: newer))
        #expect(source.catalogue?.record == record)
        source.use(StoreFacts(hasKeys: true, projects: []))
        #expect(source.catalogue == nil)
    }

    @Test func aCopyIsKeptForAStartWithoutADatabase() throws {
        let folder = try TemporaryFolder()
        _ = try StateDirectory(path: folder.path)
        #expect(CatalogueCopy.read(stateDirectory: folder.path) == nil)
        #expect(CatalogueCopy.keep(nil, stateDirectory: folder.path))
        let record = try CatalogueScene.record(CatalogueScene.old)
        #expect(CatalogueCopy.keep(record, stateDirectory: folder.path))
        #expect(CatalogueCopy.read(stateDirectory: folder.path) == record)
    }

    @Test func aliasesThatLeadToEndedModelsAreTold() throws {
        let scene = try CatalogueScene()
        _ = scene.intake().take(Array(CatalogueScene.old.utf8))
        try scene.follow()
        let state = scene.objects.board.now
        let configuration = state.merge.configuration
        func notices(_ day: String) throws -> [String] {
            EndingModels(
                state.catalogue?.document, configuration.providers.map(\.settings),
                today: try #require(CatalogueDay(day.utf8))
            ).notices(configuration)
        }
        #expect(try notices("2023-10-31") == [])
        #expect(
            try notices("2023-11-01") == [
                "the model alias fast: openai:gpt-x ends on 2023-12-01, as the catalogue says"
            ])
        #expect(
            try notices("2023-12-01") == [
                "the model alias fast: openai:gpt-x has ended on 2023-12-01, as the catalogue says"
            ])
        // The scene's clock says 2023-11-14.
        let reply = try scene.objects.ask(.get, "models", "fast")
        #expect(reply.json["deprecations"]?.array?.first?["date"] == .string(Array("2023-12-01".utf8)))
        #expect(reply.json["deprecations"]?.array?.first?["is_over"] == .bool(false))
    }
}
