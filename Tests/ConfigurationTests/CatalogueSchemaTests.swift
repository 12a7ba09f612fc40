import Configuration
import Testing

/// `catalogue`.
@Suite struct CatalogueSchemaTests {
    private func settings(_ text: String) throws -> CatalogueSettings {
        let result = Document(text: text).result
        #expect(result.problems.isEmpty && !result.notices.contains { $0.contains("no effect") }, "\(result.problems)")
        return try #require(result.configuration).catalogue
    }

    @Test func whatStandsInTheFile() throws {
        #expect(try self.settings("") == CatalogueSettings())
        #expect(try self.settings("catalogue: {file: null, url: null, refresh: 24h}") == CatalogueSettings())
        let file = CatalogueSettings(source: .file("prices.json"), refresh: 3_600_000, appliesItself: true)
        #expect(try self.settings("catalogue: {file: prices.json, refresh: 1h, apply: auto}") == file)
        let url = CatalogueSettings(source: .url("https://prices.example/model_prices.json"))
        #expect(
            try self.settings("catalogue: {url: \"https://PRICES.example/model_prices.json\", apply: manual}") == url)
        for near in ["http://localhost:8123/p.json", "http://127.0.0.1:1/p", "http://[::1]:1/p"] {
            #expect(try self.settings("catalogue: {url: \"\(near)\"}").source == .url(near))
        }
    }

    static let bad: [BadCase] = [
        BadCase(
            "catalogue: {url: \"http://prices.example/x\"}",
            "1:18: catalogue.url: expected a URL that starts with https://"),
        BadCase("catalogue: {url: \"https://a@x/\"}", "1:18: catalogue.url: expected a URL without user name"),
        BadCase("catalogue: {url: prices.json}", "1:18: catalogue.url: expected a URL that starts with http"),
        BadCase(
            "catalogue: {file: a.json, url: \"https://x/a.json\"}",
            "1:32: catalogue.url: expected a file or a URL, not both"),
        BadCase("catalogue: {refresh: 0s}", "1:22: catalogue.refresh: expected a duration between 1s and 8760h"),
        BadCase("catalogue: {apply: yes}", "1:20: catalogue.apply: expected manual or auto"),
        BadCase("catalogue: {fil: a.json}", "1:13: catalogue.fil: unknown key; did you mean file?"),
        BadCase("catalogue: prices.json", "1:12: catalogue: expected a mapping"),
    ]

    @Test(arguments: bad) func whatIsWrongIsNamed(bad: BadCase) { bad.check() }

    @Test func itIsShownAsItWouldStandInAFile() throws {
        for text in [
            "catalogue: {file: prices.json, refresh: 90s, apply: auto}", "catalogue: {url: \"https://x/p.json\"}", "",
        ] {
            let configuration = try #require(Document(text: text).result.configuration)
            let shown = EffectiveConfiguration(configuration).yaml
            #expect(Document(text: shown).result.configuration?.catalogue == configuration.catalogue, "\(shown)")
        }
    }
}
