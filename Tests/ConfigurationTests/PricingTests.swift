import Configuration
import Domain
import Testing

/// `pricing` and `journal`.
@Suite struct PricingTests {
    private static let providers = "providers: {s: {dialect: simulated}, \"t.x\": {dialect: simulated}}\n"

    private func configuration(_ text: String) throws -> GatewayConfiguration {
        let result = Document(text: Self.providers + text).result
        #expect(result.problems == [])
        return try #require(result.configuration)
    }

    static let bad: [BadCase] = [
        BadCase(providers + "pricing: []", "2:10: pricing: expected a mapping"),
        BadCase(
            providers + "pricing: {\"u:m\": {input: 0, output: 0}}",
            "2:11: pricing.u:m: expected the name of a provider (s, t.x)"),
        BadCase(
            providers + "pricing: {m: {input: 0, output: 0}}",
            "2:11: pricing.m: expected a target of the form provider:model"),
        BadCase(providers + "pricing: {\"s:\": {input: 0, output: 0}}", "2:11: pricing.s:: expected a target"),
        BadCase(providers + "pricing: {\"s:m\": }", "2:11: pricing.s:m: expected a price, such as {input: 0.15"),
        BadCase(providers + "pricing: {\"s:m\": 5}", "2:18: pricing.s:m: expected a mapping of keys to values"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 1}}",
            "2:11: pricing.s:m.output: missing; what costs nothing has the price 0"),
        BadCase(
            providers + "pricing: {\"s:m\": {}}", "2:11: pricing.s:m.input: missing",
            "2:11: pricing.s:m.output: missing"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 1, output: 2, cached: 3}}",
            "2:40: pricing.s:m.cached: unknown key; "),
        BadCase(
            providers + "pricing: {\"s:m\": {input: -1, output: 1e3}}",
            "2:26: pricing.s:m.input: expected USD per million tokens as a decimal, such as 0.15 or 3, found \"-1\"",
            "2:38: pricing.s:m.output: expected USD per million tokens"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: .5, output: 5.}}", "2:26: pricing.s:m.input: expected USD",
            "2:38: pricing.s:m.output: expected USD"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 0.0000001, output: 1000001}}",
            "2:26: pricing.s:m.input: expected at most 6 decimals",
            "2:45: pricing.s:m.output: expected at most 1000000 USD per million tokens"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 01, output: [1]}}", "2:26: pricing.s:m.input: expected USD",
            "2:38: pricing.s:m.output: expected USD per million tokens as a decimal, such as 0.15 or 3, found a list"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 1, output: 1}, \"s:m\": {input: 2, output: 2}}",
            "2:41: pricing.s:m: the key is given more than once"),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 1, output: 1, per_image_output: 0.0000000000001, per_query: x}}",
            "2:58: pricing.s:m.per_image_output: expected at most 12 decimals",
            "2:86: pricing.s:m.per_query: expected USD as a decimal, such as 0.04 or 1, found \"x\""),
        BadCase(
            providers + "pricing: {\"s:m\": {input: 1, output: 1, per_request: 1000001, tiers: 5, services: []}}",
            "2:53: pricing.s:m.per_request: expected at most 1000000 USD, found",
            "2:69: pricing.s:m.tiers: expected a list of rates for long prompts",
            "2:82: pricing.s:m.services: expected a mapping"),
        BadCase(
            providers
                + "pricing: {\"s:m\": {input: 1, output: 1, tiers: [{input: 1}, {above: 0, output: 2, input: 3}, x]}}",
            "2:48: pricing.s:m.tiers[0].output: missing", "2:48: pricing.s:m.tiers[0].above: missing",
            "2:68: pricing.s:m.tiers[1].above: expected a whole number",
            "2:93: pricing.s:m.tiers[2]: expected a mapping"),
        BadCase(
            providers
                + "pricing: {\"s:m\": {input: 1, output: 1, tiers: [{above: 5, input: 1, output: 1}, {above: 5, input: 2, output: 2}]}}",
            "2:81: pricing.s:m.tiers[1]: there are other rates above 5 already"),
        BadCase(
            providers
                + "pricing: {\"s:m\": {input: 1, output: 1, services: {standard: {}, flex: {input: 1}, priority: }}}",
            "2:51: pricing.s:m.services.standard: unknown key; expected one of: batch, priority, flex, ultrafast",
            "2:65: pricing.s:m.services.flex.output: missing; what costs nothing has the price 0"),
        BadCase("journal: {max_bytes: 1}", "1:22: journal.max_bytes: expected a size"),
        BadCase("journal: {max_bytes: 1023KB}", "1:22: journal.max_bytes: expected a size between 1MB and 16384GB"),
        BadCase("journal: {when_full: stict}", "1:22: journal.when_full: expected strict or open (did you mean"),
        BadCase("journal: {sync_interval: 0s}", "1:26: journal.sync_interval: expected a duration between 1ms and 1m"),
        BadCase("journal: {sync: 1s}", "1:11: journal.sync: unknown key"),
    ]

    @Test(arguments: bad) func whatIsWrongIsNamedWithItsPlace(bad: BadCase) { bad.check() }

    /// Pico-USD per token is micro-USD per million tokens.
    @Test(
        arguments: [
            ("0", 0), ("0.0", 0), ("3", 3_000_000), ("0.15", 150_000), ("0.075", 75_000), ("0.000001", 1),
            ("0.1234560", 123_456), ("1000000", 1_000_000_000_000), ("1000000.000001", 1_000_000_000_001),
            ("\"2.50\"", 2_500_000), ("0.1", 100_000), ("0.29", 290_000), ("1.1", 1_100_000),
        ] as [(String, Int64)])
    func decimalsAreReadExactly(_ text: String, _ rate: Int64) throws {
        let configuration = try self.configuration("pricing: {\"s:m\": {input: \(text), output: 0}}")
        #expect(configuration.pricing.map(\.price.rates.input) == [rate])
    }

    @Test func everyClassHasAKey() throws {
        let configuration = try self.configuration(
            """
            pricing:
              "s:a:b/c": {input: 1, output: 2, cache_read: 3, cache_write: 4, cache_write_1h: 5, reasoning: 6, audio_input: 7,
                audio_output: 8, image: 9}
              "t.x:*": {input: 0.5, output: 0}
            """)
        #expect(
            configuration.pricing == [
                ModelPrice(
                    provider: "s", model: "a:b/c",
                    price: Price(
                        Price.Rates(
                            input: 1_000_000, output: 2_000_000, cacheRead: 3_000_000, cacheWrite: 4_000_000,
                            cacheWriteHour: 5_000_000, reasoning: 6_000_000, audioInput: 7_000_000,
                            audioOutput: 8_000_000, image: 9_000_000))),
                ModelPrice(provider: "t.x", model: nil, price: Price(Price.Rates(input: 500_000, output: 0))),
            ])
    }

    @Test func everythingThatIsSoldHasAKey() throws {
        let units = UnitClass.allCases.map { "\($0.rateLabel): 0.00000000000\($0.rawValue % 10)" }.joined(
            separator: ", ")
        let configuration = try self.configuration(
            """
            pricing:
              "s:m":
                input: 1
                output: 2
                cache_read_audio: 3
                cache_read_image: 4
                image_output: 5
                video_input: 6
                video_output: 7
                citation: 8
                tiers:
                  - {above: 200000, input: 10, output: 20, image: 30}
                  - {above: 128000, input: 4, output: 5, per_request: 0.5}
                services:
                  priority: {input: 100, output: 200, tiers: [{above: 9, input: 300, output: 400}]}
                  batch: {input: 0.5, output: 1, cache_read: 0.25}
                  flex:
              "s:units": {input: 0, output: 0, \(units)}
            """)
        let tiers = [
            PromptTier(
                above: 128_000,
                rates: Price.Rates(input: 4_000_000, output: 5_000_000, units: [.request: 500_000_000_000])),
            PromptTier(
                above: 200_000, rates: Price.Rates(input: 10_000_000, output: 20_000_000, image: 30_000_000)),
        ]
        let price = Price(
            Price.Rates(
                input: 1_000_000, output: 2_000_000, cacheReadAudio: 3_000_000, cacheReadImage: 4_000_000,
                imageOutput: 5_000_000, videoInput: 6_000_000, videoOutput: 7_000_000, citation: 8_000_000),
            tiers: tiers,
            services: [
                .priority: PriceList(
                    Price.Rates(input: 100_000_000, output: 200_000_000),
                    tiers: [PromptTier(above: 9, rates: Price.Rates(input: 300_000_000, output: 400_000_000))]),
                .batch: PriceList(Price.Rates(input: 500_000, output: 1_000_000, cacheRead: 250_000)),
            ])
        #expect(configuration.pricing.first?.price == price)
        var rates = Price.Rates(input: 0, output: 0)
        for unitClass in UnitClass.allCases { rates.units[unitClass] = Int64(unitClass.rawValue % 10) }
        #expect(configuration.pricing.last?.price == Price(rates))
        let effective = EffectiveConfiguration(configuration)
        for rendered in [effective.yaml, effective.json] {
            #expect(Document(text: rendered).result.configuration == configuration)
        }
    }

    @Test(
        arguments: [
            ("0.04", 40_000_000_000), ("0", 0), ("1", 1_000_000_000_000), ("0.000000000001", 1),
            ("1000000", 1_000_000_000_000_000_000), ("\"0.0001\"", 100_000_000), ("0.00003083", 30_830_000),
        ] as [(String, Int64)])
    func unitsAreReadExactly(_ text: String, _ rate: Int64) throws {
        let configuration = try self.configuration("pricing: {\"s:m\": {input: 0, output: 0, per_query: \(text)}}")
        #expect(configuration.pricing.map(\.price.rates.units) == [[.query: rate]])
    }

    @Test func theJournalsSettings() throws {
        #expect(try self.configuration("").journal == JournalSettings())
        #expect(
            try self.configuration("journal: {max_bytes: 64MB, when_full: open, sync_interval: 2s}").journal
                == JournalSettings(maxBytes: 64 << 20, isStrict: false, syncInterval: 2000))
        #expect(try self.configuration("journal: {when_full: strict}").journal.isStrict)
    }

    @Test func bothAreShownAndReadBack() throws {
        let configuration = try self.configuration(
            """
            pricing:
              "s:m": {input: 0.15, output: 10, cache_read: 0.000001, image: 1000000}
              "s:*": {input: 0, output: 0}
            journal: {max_bytes: 20MB, when_full: open, sync_interval: 250ms}
            """)
        let effective = EffectiveConfiguration(configuration)
        #expect(
            effective.yaml.contains(
                """
                pricing:
                  "s:m":
                    input: "0.15"
                    output: "10"
                    cache_read: "0.000001"
                    image: "1000000"
                  "s:*":
                    input: "0"
                    output: "0"
                limits:

                """))
        #expect(
            effective.yaml.contains(
                """
                journal:
                  max_bytes: 20MB
                  when_full: open
                  sync_interval: 250ms

                """))
        for rendered in [effective.yaml, effective.json] {
            #expect(Document(text: rendered).result.configuration == configuration)
        }
        let defaults = EffectiveConfiguration(GatewayConfiguration()).yaml
        #expect(
            defaults.contains("\njournal:\n  max_bytes: 1GB\n  when_full: strict\n  sync_interval: 100ms\n"))
        #expect(defaults.contains("\npricing: {}\n"))
    }
}
