import Domain
import Testing

@testable import Catalogue

@Suite struct CatalogueReaderTests {
    private func read(_ text: String) throws -> CatalogueReading { try CatalogueReader.read(Array(text.utf8)) }

    /// The only model of a file, with these members besides its provider.
    private func entry(_ members: String, mode: String = "chat") throws -> (
        entry: CatalogueEntry, notes: CatalogueNotes
    ) {
        let reading = try self.read(#"{"m": {"litellm_provider": "openai", "mode": "\#(mode)", \#(members)}}"#)
        return (try #require(reading.document.entries.first), reading.notes)
    }

    @Test func aModelWithAllKindsOfFields() throws {
        let (entry, notes) = try self.entry(
            """
            "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-06,
            "input_cost_per_token_above_272k_tokens": 5e-06, "input_cost_per_token_batches": 0.00000125,
            "input_cost_per_token_above_272k_tokens_priority": 1e-5, "max_input_tokens": 922000, "max_output_tokens": 128000.0,
            "supports_vision": true, "supports_audio_input": false, "supports_pdf_input": true, "deprecation_date": "2026-10-23",
            "source": "https://prices.example", "supported_regions": ["eu"], "metadata": {"comment": "x"}, "rpm": null
            """)
        #expect(notes.isClean && notes.ignored.isEmpty)
        #expect(entry.maximumInput == 922_000 && entry.maximumOutput == 128_000)
        #expect(entry.deprecation?.description == "2026-10-23")
        #expect(entry.capabilities == ["supports_pdf_input", "supports_vision"])
        #expect(
            entry.rates.map(\.field.name) == [
                "input_cost_per_token", "cache_read_input_token_cost", "output_cost_per_token",
                "input_cost_per_token_above_272k_tokens", "input_cost_per_token_batches",
                "input_cost_per_token_above_272k_tokens_priority",
            ])
        #expect(entry.rates.map(\.value) == [2_500_000, 1_250_000, 10_000_000, 5_000_000, 1_250_000, 10_000_000])
    }

    @Test func whatIsUnknownOrWrongIsNamed() throws {
        let reading = try self.read(
            """
            {"sample_spec": {"max_input_tokens": "words"}, "fallback_generalizations": {},
             "a": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1, "output_cost_per_token": "1",
                   "cache_read_input_token_cost": 1e9, "max_input_tokens": 1.5, "supports_vision": "yes", "deprecation_date": "soon",
                   "input_cost_per_thought": 1, "input_cost_per_token_above_xk_tokens": 1, "tiered_pricing": 3,
                   "search_context_cost_per_query": [], "mode": "embedding"},
             "b": {"litellm_provider": "openai", "input_cost_per_thought": {"deep": [1, 2]}, "output_cost_per_second_4k": 1.5},
             "c": {"mode": "chat"}, "d": [], "e": "text", "b": {"litellm_provider": "xai"}, "f g": {}, "": {}}
            """)
        #expect(reading.document.entries.map(\.name) == [Array("a".utf8), Array("b".utf8)])
        #expect(reading.document.entries[0].mode == "chat" && reading.document.entries[0].rates.isEmpty)
        let notes = reading.notes
        #expect(!notes.isClean)
        #expect(notes.unknown.map(\.name) == ["input_cost_per_thought", "input_cost_per_token_above_xk_tokens"])
        #expect(notes.unknown.map(\.count) == [2, 1] && notes.unknown[0].model == "a")
        #expect(
            notes.bad.map(\.name) == [
                "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost", "max_input_tokens",
                "supports_vision", "deprecation_date", "tiered_pricing", "search_context_cost_per_query", "mode",
            ])
        #expect(notes.ignored.map(\.name) == ["output_cost_per_second_4k"])
        #expect(notes.models.map(\.name) == ["c", "d", "e", "b", "f g", ""])
        #expect(notes.models.map(\.reason)[0] == "it has no litellm_provider")
    }

    @Test(arguments: [
        ("", "it is not JSON at byte 0"), ("[]", "it is not a JSON object with a member for each model"),
        ("{}", "it has no models"),
        ("{\"a\": {}", "it is not JSON"),
        ("{\"a\": {\"litellm_provider\": \"x\"}} {}", "something stands behind its end"),
        ("{\"a\": {\"litellm_provider\": \"x\"", "it is not JSON"), ("\u{FEFF}{}", "it is not a JSON object"),
        ("{\"sample_spec\": {}}", "it has no models"), ("{\"a\" 1}", "it is not JSON"), ("{,}", "it is not JSON"),
    ])
    func whatIsNoCatalogueIsRefused(_ text: String, _ words: String) {
        let fault = #expect(throws: CatalogueFault.self) { try self.read(text) }
        #expect(fault?.description.hasPrefix(words) == true, "\(fault?.description ?? "")")
    }

    @Test func whatIsTooMuchIsRefused() {
        let large = [UInt8](repeating: 0x20, count: CatalogueReader.maximumBytes + 1)
        #expect(throws: CatalogueFault.self) { try CatalogueReader.read(large) }
        #expect(throws: CatalogueFault.self) { try CatalogueReader.read([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) }
        // Nesting that would exhaust a stack is stepped over.
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(throws: (any Error).self) { try self.read(#"{"a": {"litellm_provider": "x", "metadata": \#(deep)}}"#) }
    }

    /// Every cut of a file, and every byte of it replaced: an error or a catalogue, never a crash.
    @Test func noDamageCrashes() {
        let text = Array(
            #"{"a/b": {"litellm_provider": "xai", "mode": "chat", "tiered_pricing": [{"range": [0, 2.0], "input_cost_per_token": 1e-6}], "x\u0041": {"y": [1]}, "search_context_cost_per_query": {"search_context_size_medium": 0.1}, "supports_vision": true}}"#
                .utf8)
        for end in text.indices { _ = try? CatalogueReader.read(Array(text[..<end])) }
        for index in text.indices {
            for byte: UInt8 in [0x00, 0x22, 0x2C, 0x5B, 0x5C, 0x7D, 0x39, 0x80, 0xFF] {
                var damaged = text
                damaged[index] = byte
                _ = try? CatalogueReader.read(damaged)
            }
        }
        #expect((try? CatalogueReader.read(text)) != nil)
    }

    @Test func tiersOfThePromptAreRatesAboveABound() throws {
        let (entry, notes) = try self.entry(
            """
            "tiered_pricing": [{"range": [0, 256000.0], "input_cost_per_token": 5e-08, "output_cost_per_token": 4e-07},
                {"range": [256000.0, 1000000], "input_cost_per_token": 2.5e-07, "output_cost_per_token": 2e-06}]
            """)
        #expect(notes.isClean)
        let price = try #require(entry.price)
        #expect(price.rates == Price.Rates(input: 50_000, output: 400_000))
        #expect(price.tiers == [PromptTier(above: 256_000, rates: Price.Rates(input: 250_000, output: 2_000_000))])
    }

    @Test func aServiceHasItsOwnListAndElseTheStandardOne() throws {
        let (entry, _) = try self.entry(
            """
            "input_cost_per_token": 4e-6, "output_cost_per_token": 8e-6, "cache_read_input_token_cost": 1e-6,
            "input_cost_per_token_above_200k_tokens": 6e-6, "output_cost_per_token_above_200k_tokens": 12e-6,
            "input_cost_per_token_flex": 2e-6, "output_cost_per_token_flex": 4e-6,
            "input_cost_per_token_above_200k_tokens_flex": 3e-6, "input_cost_per_token_batches": 1e-6
            """)
        let price = try #require(entry.price)
        #expect(price.rates == Price.Rates(input: 4_000_000, output: 8_000_000, cacheRead: 1_000_000))
        let long = Price.Rates(input: 6_000_000, output: 12_000_000, cacheRead: 1_000_000)
        #expect(price.tiers == [PromptTier(above: 200_000, rates: long)])
        let flex = try #require(price.services[.flex])
        #expect(flex.rates == Price.Rates(input: 2_000_000, output: 4_000_000, cacheRead: 1_000_000))
        // Of the output of long prompts the file says nothing for flex: the standard service's holds.
        let longFlex = Price.Rates(input: 3_000_000, output: 12_000_000, cacheRead: 1_000_000)
        #expect(flex.tiers == [PromptTier(above: 200_000, rates: longFlex)])
        let batch = try #require(price.services[.batch])
        #expect(batch.rates == Price.Rates(input: 1_000_000, output: 8_000_000, cacheRead: 1_000_000))
        #expect(batch.tiers == price.tiers)
        #expect(price.services[.priority] == nil)
    }

    /// An unknown price is not one of nothing.
    @Test func halfAPriceIsNone() throws {
        #expect(try self.entry(#""input_cost_per_token": 1e-6"#).entry.price == nil)
        #expect(try self.entry(#""output_cost_per_token": 1e-6"#).entry.price == nil)
        #expect(try self.entry(#""max_input_tokens": 5"#).entry.price == nil)
        #expect(try self.entry(#""input_cost_per_token": 0, "output_cost_per_token": 0.0"#).entry.price == .free)
        let embedding = try self.entry(#""input_cost_per_token": 2e-8"#, mode: "embedding").entry.price
        #expect(embedding == Price(Price.Rates(input: 20_000, output: 0)))
    }

    @Test func piecesArePricedWhereTokensAreNot() throws {
        let imagen = try self.entry(#""output_cost_per_image": 0.04"#, mode: "image_generation").entry.price
        #expect(imagen?.rates.units == [.imageOutput: 40_000_000_000] && imagen?.rates.input == 0)
        let (gemini, notes) = try self.entry(
            """
            "input_cost_per_token": 2e-6, "output_cost_per_token": 12e-6, "output_cost_per_image_token": 120e-6,
            "output_cost_per_image": 0.134, "input_cost_per_image": 0.0011
            """, mode: "image_generation")
        #expect(gemini.price?.rates.units == [:] && gemini.price?.rates.imageOutput == 120_000_000)
        #expect(notes.ignored.map(\.reason) == Array(repeating: IgnoredPrice.twice.rawValue, count: 2))
        let whisper = try self.entry(
            #""input_cost_per_second": 0.0001, "output_cost_per_second": 0.0"#, mode: "audio_transcription"
        ).entry.price
        #expect(whisper?.rates.units == [.audioInput: 100_000_000])
        let video = try self.entry(#""output_cost_per_second": 0.1"#, mode: "video_generation").entry.price
        #expect(video?.rates.units == [.videoOutput: 100_000_000_000])
        let (rented, reasons) = try self.entry(#""input_cost_per_second": 0.011"#)
        #expect(rented.price == nil && reasons.ignored.map(\.reason) == [IgnoredPrice.rent.rawValue])
        let search = try self.entry(
            """
            "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "search_context_cost_per_query":
                {"search_context_size_high": 0.012, "search_context_size_low": 0.005, "search_context_size_medium": 0.008}
            """
        ).entry.price
        #expect(search?.rates.units == [.queryLow: 5_000_000_000, .query: 8_000_000_000, .queryHigh: 12_000_000_000])
    }
}
