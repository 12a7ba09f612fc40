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
