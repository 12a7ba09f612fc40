import Configuration
import Domain
import IPC
import Testing

@testable import ControlPlane

@Suite struct PriceTableTests {
    private static func provider(_ name: String, _ url: String, _ dialect: Dialect = .openai) -> ConfiguredProvider {
        ConfiguredProvider(settings: ProviderSettings(name: name, kind: .server(dialect, baseURL: url)))
    }

    private static let mini = Price(Price.Rates(input: 150_000, output: 600_000, cacheRead: 75_000))
    private static let dear = Price(Price.Rates(input: 9_000_000, output: 9_000_000))

    private func price(_ table: PriceTable, _ model: String, _ provider: UInt16) -> Price? {
        table.price(of: Array(model.utf8), at: provider).map { table.prices[Int($0)] }
    }

    @Test func onlyConfiguredVendorsAreThere() {
        #expect(PriceTable(providers: [], pricing: []).models.isEmpty)
        let table = PriceTable(
            providers: [
                Self.provider("local", "http://127.0.0.1:8101/v1"), Self.provider("one", "https://api.openai.com/v1"),
                .simulated,
            ], pricing: [])
        #expect(Set(table.models.map(\.provider)) == [1, 2])
        #expect(!table.models.contains { $0.name == Array("claude-haiku-4-5".utf8) })
        #expect(Set(table.prices).count == table.prices.count)
        // Unknown is not zero, and simulated is zero.
        #expect(self.price(table, "smollm2", 0) == nil)
        #expect(self.price(table, "gpt-4o-mini", 1)?.rates == Self.mini.rates)
        #expect(self.price(table, "gpt-4o-mini-2024-07-18", 1)?.rates == Self.mini.rates)
        #expect(self.price(table, "my-own-tune", 1) == nil)
        #expect(self.price(table, "anything", 2) == .free)
        #expect(self.price(table, "gpt-4o-mini", 7) == nil)
    }

    /// Behind a proxy, too; a budget counts what is written to the cache by Anthropic's own prices.
    @Test func theDialectSaysWhosePricesTheyAre() throws {
        let table = PriceTable(
            providers: [
                Self.provider("a", "http://127.0.0.1:9/v1", .anthropic), Self.provider("g", "http://h/v1", .groq),
                Self.provider("mistral", "http://h/v1", .vllm),
                Self.provider("az", "https://r.openai.azure.com", .azure),
            ], pricing: [])
        let haiku = Price.Rates(
            input: 1_000_000, output: 5_000_000, cacheRead: 100_000, cacheWrite: 1_250_000, cacheWriteHour: 2_000_000)
        let known = try #require(self.price(table, "claude-haiku-4-5", 0)).rates
        #expect([.input, .output, .cacheRead, .cacheWrite, .cacheWriteHour].allSatisfy { known[$0] == haiku[$0] })
        #expect(self.price(table, "gpt-4o-mini", 0) == nil)
        #expect(self.price(table, "openai/gpt-oss-20b", 1)?.rates.input == 75_000)
        #expect(self.price(table, "mistral-small-latest", 2) == nil)
        #expect(self.price(table, "gpt-4o-mini", 3)?.rates == Self.mini.rates)
        let row = try #require(table.models.first { $0.provider == 0 && $0.name == Array("claude-haiku-4-5".utf8) })
        #expect(row.facts.maximumOutput == 64_000)
    }

    @Test func theFilesPricesComeFirst() throws {
        let table = PriceTable(
            providers: [
                Self.provider("one", "https://api.openai.com/v1"), Self.provider("two", "https://api.openai.com/v1"),
                .simulated,
            ],
            pricing: [
                ModelPrice(provider: "one", model: "gpt-4o-mini", price: Self.dear),
                ModelPrice(provider: "one", model: "my-own-tune", price: Self.dear),
                ModelPrice(provider: "two", model: nil, price: Self.dear),
                ModelPrice(provider: "simulated", model: nil, price: Self.dear),
                ModelPrice(provider: "simulated", model: "free", price: .free),
            ])
        #expect(self.price(table, "gpt-4o-mini", 0) == Self.dear)
        #expect(self.price(table, "my-own-tune", 0) == Self.dear)
        #expect(self.price(table, "another", 0) == nil)
        #expect(self.price(table, "gpt-4o-mini", 1)?.rates == Self.mini.rates)
        #expect(self.price(table, "another", 1) == Self.dear)
        #expect(self.price(table, "x", 2) == Self.dear)
        #expect(self.price(table, "free", 2) == .free)
        // Whatever else is known stays, and each model has one row.
        let row = try #require(table.models.first { $0.provider == 0 && $0.name == Array("gpt-4o-mini".utf8) })
        #expect(row.facts.contextWindow == 128_000 && row.facts.maximumOutput == 16_384)
        #expect(row.facts.outputLimitMember == .maxCompletionTokens)
        let names = table.models.map { "\($0.provider):\($0.name.map { String(decoding: $0, as: UTF8.self) } ?? "*")" }
        #expect(Set(names).count == names.count)
        #expect(table.prices.filter { $0 == Self.dear }.count == 1)
    }

    @Test func allThreeSnapshotsKnowThePricesAndTheEdgeReadsThem() throws {
        let builder = SnapshotBuilder(version: 5, staticKeyDigest: nil, cores: 1, workingDirectory: "/srv")
        var configuration = GatewayConfiguration(
            providers: [Self.provider("openai", "https://api.openai.com/v1"), .simulated], defaultProvider: "openai",
            models: [
                ModelAlias(name: "fast", target: ModelTarget(provider: "openai", model: "gpt-4o-mini")),
                ModelAlias(name: "own", target: ModelTarget(provider: "openai", model: "tune")),
                ModelAlias(name: "sim", target: ModelTarget(provider: "simulated", model: "x")),
            ], pricing: [ModelPrice(provider: "openai", model: "gpt-4o", price: Self.dear)],
            journal: JournalSettings(maxBytes: 5 << 20, isStrict: false, syncInterval: 7))
        configuration.stateDirectory = "state"
        let set = builder.build(configuration)
        #expect(set.canBeRead)
        #expect(set.edge.prices == set.upstream.prices && set.edge.prices == set.aggregator.prices)
        #expect(set.edge.prices.contains(Self.dear) && set.edge.prices.contains(.free))
        let aliases = set.edge.routes.aliases.map { $0.targets[0].price.map { set.edge.prices[Int($0)] } }
        #expect(aliases.map { $0?.rates } == [Self.mini.rates, nil, Price.free.rates])
        #expect(set.edge.stateDirectory == "/srv/state")
        #expect(set.upstream.stateDirectory == "/srv/state")
        #expect(set.aggregator.stateDirectory == "/srv/state")
        #expect(set.edge.journal == configuration.journal && set.upstream.journal == configuration.journal)
        #expect(try EdgeSnapshot(decoding: set.edge.encoded()).routes.models == set.edge.routes.models)
    }
}
