import Configuration
import Domain
import Foundation
import Testing

/// `docs/configuration.md`: its examples load, and its tables have the defaults that are in force.
@Suite struct DocumentedConfigurationTests {
    private static let page: String = {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
        let page = tests.appending(path: "../../docs/configuration.md").standardizedFileURL
        return (try? String(contentsOf: page, encoding: .utf8)) ?? ""
    }()

    /// The blocks marked as YAML.
    private static let examples: [String] = page.split(separator: "\n```yaml\n", omittingEmptySubsequences: false)
        .dropFirst().compactMap { $0.split(separator: "\n```", maxSplits: 1).first.map(String.init) }

    private static let environment = [
        "OPENAI_API_KEY": "a", "ANTHROPIC_API_KEY": "b", "AZURE_OPENAI_API_KEY": "c", "ANTHROPIC_KEY_1": "d",
        "ANTHROPIC_KEY_2": "e",
    ]

    @Test func thereAreExamples() {
        #expect(Self.examples.count >= 6)
    }

    @Test(arguments: examples) func theExampleLoads(text: String) throws {
        let providers = ["openai", "anthropic", "openrouter", "local"].map { "\($0): {dialect: simulated}" }
        let start =
            text.contains("providers:") ? "" : "providers: {\(providers.joined(separator: ", "))}\n"
        let result = Document(
            text: start + text, environment: Self.environment,
            files: ["/run/secrets/sluice-key": Array("0123456789abcdef\n".utf8)]
        ).result
        #expect(result.problems == [])
        #expect(result.notices.filter { $0.contains("no effect") } == [])
    }

    /// Rows as they stand in the tables of providers, breakers and aliases.
    @Test func theDefaultsInTheTablesAreInForce() throws {
        let text = "providers: {s: {dialect: simulated}}\nmodels: {m: {targets: [s:a]}}"
        let configuration = try #require(Document(text: text).result.configuration)
        let object = try JSONSerialization.jsonObject(with: Data(EffectiveConfiguration(configuration).json.utf8))
        let root = try #require(object as? [String: Any])
        func members(_ path: String...) throws -> [String: Any] {
            try path.reduce(root) { try #require($0[$1] as? [String: Any]) }
        }
        var defaults: [(key: String, value: Any)] = []
        for (key, value) in try members("models", "m") where key != "targets" { defaults.append((key, value)) }
        for (key, value) in try members("providers", "s", "breaker") where key != "longest_open" {
            defaults.append((key, value))
        }
        for (key, value) in try members("providers", "s", "queue") { defaults.append(("queue.\(key)", value)) }
        for (key, value) in try members("cache") { defaults.append(("cache.\(key)", value)) }
        let provider = try members("providers", "s")
        for key in ["concurrency", "max_connections", "delay", "tokens_per_second", "proxy", "ca_file"] {
            defaults.append((key, try #require(provider[key])))
        }
        #expect(defaults.count > 15)
        for (key, value) in defaults {
            let shown =
                switch value {
                case is NSNull: "null"
                case let text as String: text
                case let number as NSNumber: key == "cache.single_flight" ? "\(number == 1)" : "\(number)"
                default: "\(value)"
                }
            #expect(Self.page.contains("\n| `\(key)` | `\(shown)` |"), "\(key)")
        }
    }
}
