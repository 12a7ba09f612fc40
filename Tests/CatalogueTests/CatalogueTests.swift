import Domain
import Testing

@testable import Catalogue

@Suite struct CatalogueTests {
    private static let models = Vendor.allCases.flatMap { Catalogue.models(of: $0) }

    private func model(_ vendor: Vendor, _ name: String) throws -> CatalogueModel {
        try #require(Catalogue.models(of: vendor).first { $0.names.contains(name) })
    }

    @Test func namesAreNamesAndNoneOccursTwice() {
        #expect(Self.models.count >= 60)
        for vendor in Vendor.allCases {
            let names = Catalogue.models(of: vendor).flatMap(\.names)
            #expect(!names.isEmpty)
            #expect(Set(names).count == names.count, "\(vendor)")
            #expect(names.allSatisfy { (1...256).contains($0.utf8.count) && !$0.utf8.contains(0x20) })
        }
        #expect(Self.models.allSatisfy { !$0.names.isEmpty })
    }

    /// A slip of a decimal place is the likeliest mistake in such a table.
    @Test func ratesAreInTheirUsualProportions() {
        for model in Self.models {
            for rates in [model.price.rates] + model.price.tiers.map(\.rates) {
                #expect((20_000...20_000_000).contains(rates.input), "\(model.names)")
                #expect(
                    rates.output == 0 || (rates.input...(10 * rates.input)).contains(rates.output), "\(model.names)")
                #expect((rates.output == 0) == (model.maximumOutput == nil), "\(model.names)")
                #expect(rates.cacheRead.map { $0 < rates.input && $0 * 100 > rates.input } ?? true, "\(model.names)")
                #expect(rates.cacheWrite.map { $0 * 4 == rates.input * 5 } ?? true, "\(model.names)")
                #expect(rates.cacheWriteHour.map { $0 == rates.input * 2 } ?? true, "\(model.names)")
                #expect(rates.audioInput.map { $0 > rates.input } ?? true, "\(model.names)")
            }
            for long in model.price.tiers {
                // One model's long prompts cost five times as much.
                let factor: Int64 = model.names.contains("claude-haiku-5-5") ? 5 : 2
                #expect(long.rates.input == factor * model.price.rates.input)
                #expect(long.above < Int64(model.contextWindow))
            }
            #expect(model.maximumOutput.map { $0 <= model.contextWindow } ?? true)
        }
    }

    /// Who wants it sooner pays more, who has time pays less, for each class that the standard list has.
    @Test func servicesAreInTheirUsualProportions() {
        for model in Self.models {
            let price = model.price
            for (service, list) in price.services {
                let factors: ClosedRange<Int64> =
                    switch service {
                    case .priority: 150...250
                    case .ultrafast: 600...600
                    default: 50...50
                    }
                #expect(factors.contains(list.rates.input * 100 / price.rates.input), "\(model.names) \(service)")
                #expect(factors.contains(list.rates.output * 100 / price.rates.output), "\(model.names) \(service)")
                for tokenClass in TokenClass.allCases {
                    #expect(
                        (list.rates[own: tokenClass] == nil) == (price.rates[own: tokenClass] == nil),
                        "\(model.names) \(service)")
                }
                for tier in list.tiers {
                    #expect(tier.rates.input == 2 * list.rates.input && tier.above == price.tiers.first?.above)
                }
            }
            // A cheaper list would otherwise hold for long prompts, too.
            #expect(price.tiers.isEmpty || price.services[.flex].map { !$0.tiers.isEmpty } ?? true, "\(model.names)")
        }
    }

    @Test func someAsTheirPagesSay() throws {
        let mini = try self.model(.openAI, "gpt-4o-mini")
        #expect(
            mini.price
                == Price(
                    Price.Rates(input: 150_000, output: 600_000, cacheRead: 75_000),
                    services: [
                        .priority: PriceList(Price.Rates(input: 250_000, output: 1_000_000, cacheRead: 125_000))
                    ]))
        #expect(mini.contextWindow == 128_000 && mini.maximumOutput == 16_384)
        #expect(mini.outputLimitMember == .maxCompletionTokens)
        // 1,000 in of which 200 from the cache, 100 out: 800 × 150 + 200 × 75 + 100 × 600.
        #expect(mini.price.cost(of: TokenUsage(input: 800, cacheRead: 200, output: 100)) == 195_000)
        let sonnet = try self.model(.anthropic, "claude-sonnet-4-5-20250929")
        #expect(
            sonnet.price.rates
                == Price.Rates(
                    input: 3_000_000, output: 15_000_000, cacheRead: 300_000, cacheWrite: 3_750_000,
                    cacheWriteHour: 6_000_000, units: [.query: 10_000_000_000]))
        #expect(sonnet.outputLimitMember == .maxTokens)
        let pro = try self.model(.google, "gemini-2.5-pro")
        let haiku = try self.model(.anthropic, "claude-haiku-5-5")
        #expect(haiku.price.tiers.first?.above == 100_000)
        #expect(haiku.price.tiers.first?.rates.input == 500_000)
        #expect(pro.price.tiers.first?.above == 200_000)
        #expect(pro.price.tiers.first?.rates == Price.Rates(input: 2_500_000, output: 15_000_000, cacheRead: 250_000))
        let astra = try self.model(.openAI, "gpt-6-astra")
        // 272,001 × 120,000 + 450,000
        #expect(
            astra.price.cost(of: TokenUsage(input: 272_001, output: 1), service: .ultrafast) == 32_640_570_000)
        // 10 × 500 + 3 × 30 + 4 × 100 + 2 × 1250, at the price of flex.
        let flash = try self.model(.google, "gemini-2.5-flash")
        #expect(
            flash.price.cost(
                of: TokenUsage(cacheRead: 3, output: 2, audioInput: 10, cacheReadAudio: 4), service: .flex) == 7990)
        // At 200,000 the long list begins.
        let grok = try self.model(.xAI, "grok-4.7")
        #expect(grok.price.cost(of: TokenUsage(input: 200_000)) == 800_000_000)
        #expect(grok.price.cost(of: TokenUsage(input: 199_999)) == 399_998_000)
        let embedding = try self.model(.openAI, "text-embedding-3-small")
        #expect(embedding.price.rates == Price.Rates(input: 20_000, output: 0))
    }

    @Test(
        arguments: [
            ("https://api.openai.com/v1", "mine", .openAI), ("https://API.OpenAI.com:443/v1", "x", .openAI),
            ("https://generativelanguage.googleapis.com/v1beta/openai", "x", .google), ("https://api.x.ai", "x", .xAI),
            // The host decides before the name.
            ("https://api.groq.com/openai/v1", "openai", .groq),
            // Behind a proxy the name counts.
            ("http://127.0.0.1:9/v1", "openai", .openAI), ("http://proxy/v1", "DeepSeek", .deepSeek),
            ("http://proxy/v1", "google", .google), ("http://proxy/v1", "gemini", .google),
            ("http://127.0.0.1:9/v1", "local", nil), ("https://api.openai.com.evil.example/v1", "x", nil),
            ("https://evil.example/api.openai.com", "x", nil), ("https://notapi.openai.com", "x", nil), ("", "", nil),
            ("api.openai.com", "x", nil),
        ] as [(String, String, Vendor?)])
    func vendors(_ url: String, _ name: String, _ vendor: Vendor?) {
        #expect(Vendor(dialect: .openai, baseURL: url, providerName: name) == vendor)
        #expect(Vendor(dialect: .litellm, baseURL: url, providerName: name) == vendor)
    }

    @Test(
        arguments: [
            (.anthropic, "http://proxy/v1", "x", .anthropic), (.anthropic, "http://proxy/v1", "openai", .anthropic),
            // Others speak Anthropic's dialect, too.
            (.anthropic, "https://api.deepseek.com/anthropic", "x", .deepSeek),
            (.groq, "https://api.groq.com/openai/v1", "fast", .groq), (.groq, "http://proxy/v1", "fast", .groq),
            (.mistral, "http://proxy/v1", "x", .mistral), (.deepseek, "http://proxy/v1", "x", .deepSeek),
            (.xai, "http://proxy/v1", "x", .xAI), (.azure, "https://r.openai.azure.com", "x", .openAI),
            // A model of one's own machine costs what its owner says, whatever he calls it.
            (.vllm, "http://h/v1", "mistral", nil), (.ollama, "http://h/v1", "deepseek", nil),
            (.llamacpp, "http://h/v1", "openai", nil), (.openrouter, "https://openrouter.ai/api/v1", "openai", nil),
        ] as [(Dialect, String, String, Vendor?)])
    func vendorsOfDialects(_ dialect: Dialect, _ url: String, _ name: String, _ vendor: Vendor?) {
        #expect(Vendor(dialect: dialect, baseURL: url, providerName: name) == vendor)
    }
}
