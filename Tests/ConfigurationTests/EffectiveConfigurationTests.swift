import Configuration
import Domain
import Foundation
import Testing

@Suite struct EffectiveConfigurationTests {
    /// No secrets in it, but everything that is hard to write as YAML.
    private static let awkward = """
        listen: [{address: "[::]:0"}, {address: unix:/run/s.sock}, {address: fd:4}]
        state_directory: "a: b # c $${X} \\"q\\" \\\\ ü"
        workers: {edge: 2, upstream: auto}
        drain_timeout: 90s
        http: {max_body: 1537B, idle_timeout: 1500ms, trusted_proxies: ["::/0"], cors: {origins: ["*"]}}
        auth:
          anonymous: {tokens_daily: 5, cost_total: 0.000000001, models: [fast, "a:b"]}
          wrong_keys_per_minute: null
        limits:
          global: {cost_monthly: 12.5, concurrency: 0}
          per_ip: null
          per_key: {tokens_per_minute: 1000000000000000}
          models: {"a:b": {requests_per_day: 1}, "null": {}}
          budget_mode: estimate
          unknown_price: refuse
          soft_percent: 1
          table_slots: 1024
        telemetry: {metrics: {per_project: true}, extension: off}
        schedule: {timezone: America/Argentina/Buenos_Aires, rollup: "Wed 00:05", prune: "23:59"}
        retention: {requests: 960h, usage: 1000d, audit: forever}
        providers:
          "123": {dialect: openai, timeouts: {total: 24h}, base_url: 'http://h'}
          "true": {dialect: simulated, delay: 0s}
          "null": {dialect: openai, base_url: "http://[::1]:1/v1", proxy: "http://p", allow_private_network: true}
          "1e3": {dialect: simulated}
          "-": {dialect: simulated}
          az: {dialect: azure, base_url: "http://h", api_version: "2024-10-21", fetch_images: true}
          az2: {dialect: azure, base_url: "http://h/openai"}
          an: {dialect: anthropic, base_url: "http://h", drop_unsupported: true}
          ol: {dialect: ollama, concurrency: 5, queue: {length: 0, wait: 1500ms}, breaker: off}
          "off": {dialect: simulated, queue: off, breaker: {failures: 0, error_rate: 100%, open: 1h}}
        default_provider: "true"
        models:
          "yes": {targets: ["123:0x1f"], retries: 0, hedge_after: 1500ms}
          "5m": {targets: ["null:a", "123:b", "off:c"], strategy: least_busy, tier: fast, hedge_after: p50}
          "üñ": {targets: [{target: "-:~", weight: 5}], tier: deep}
          "*": {targets: ["off:*", "123:x-*"], retry_delay: 1ms}
          "w*": {targets: [{target: "ol:*", weight: 7}, "123:y"], strategy: weighted, sticky: key}
          "null": {route: {by: tier, threshold_characters: 5, header: X-T}, strategy: least_cost, retries: 8}
        cache: {single_flight: false, scope: shared, metering: each}
        logging: {level: warning, format: text, file: "a: b # c", access: false, prompts: true, responses: true}
        """

    @Test(arguments: ["", awkward]) func readBackItIsTheSame(text: String) throws {
        let configuration = try #require(Document(text: text).result.configuration)
        let effective = EffectiveConfiguration(configuration)
        for rendered in [effective.yaml, effective.json.replacing("${", with: "$${")] {
            let again = Document(text: rendered)
            #expect(again.problems == [])
            #expect(again.result.configuration == configuration)
        }
    }

    @Test func theJSONIsJSON() throws {
        let configuration = try #require(Document(text: Self.awkward).result.configuration)
        let object = try JSONSerialization.jsonObject(with: Data(EffectiveConfiguration(configuration).json.utf8))
        let root = try #require(object as? [String: Any])
        #expect(root["state_directory"] as? String == "a: b # c ${X} \"q\" \\ ü")
        #expect(root["drain_timeout"] as? String == "90s")
        let http = try #require(root["http"] as? [String: Any])
        #expect(http["max_body"] as? String == "1537B")
        let workers = try #require(root["workers"] as? [String: Any])
        #expect(workers["edge"] as? Int == 2)
    }

    @Test func secretsAreMasked() throws {
        let text = """
            auth: {static_key: hunter2-hunter2-hunter2}
            providers:
              a: {dialect: openai, api_key: hunter2}
              b: {dialect: openai, keys: [{name: main, value: hunter2}], headers: {X-Key: hunter2}}
              c: {dialect: groq, keys: [{name: one, value: hunter2, weight: 5}, {name: two, value: hunter23}]}
              d: {dialect: groq, keys: [{value: hunter2, requests_per_minute: 4}]}
            """
        let configuration = try #require(Document(text: text).result.configuration)
        let effective = EffectiveConfiguration(configuration)
        for rendered in [effective.yaml, effective.json, "\(configuration)", String(reflecting: configuration)] {
            #expect(!rendered.contains("hunter2"))
            #expect(!rendered.contains(Array("hunter2".utf8).map(String.init).joined(separator: ", ")))
        }
        #expect(effective.yaml.contains("  static_key: \"***\"\n"))
        #expect(effective.yaml.contains("    api_key: \"***\"\n"))
        #expect(effective.yaml.contains("    keys:\n      - name: main\n        value: \"***\"\n"))
        #expect(
            effective.yaml.contains(
                "      - name: one\n        value: \"***\"\n        requests_per_minute: null\n"
                    + "        tokens_per_minute: null\n        weight: 5\n      - name: two\n"))
        #expect(effective.yaml.contains("    keys:\n      - value: \"***\"\n        requests_per_minute: 4\n"))
        #expect(effective.yaml.contains("    headers:\n      X-Key: \"***\"\n"))
        #expect(effective.json.contains("\"static_key\": \"***\""))
    }

    @Test func anAliasShowsItsDefaults() throws {
        let text = "providers: {s: {dialect: simulated}}\nmodels: {m: {targets: [s:a, s:b]}}"
        let yaml = EffectiveConfiguration(try #require(Document(text: text).result.configuration)).yaml
        #expect(
            yaml.contains(
                """
                models:
                  m:
                    targets:
                      - "s:a"
                      - "s:b"
                    tier: null
                    strategy: ordered
                    sticky: null
                    retries: 2
                    retry_delay: 500ms
                    hedge_after: null

                """))
        #expect(
            yaml.contains(
                """
                    max_connections: 1024
                    concurrency: null
                    queue:
                      length: 256
                      wait: 5s
                    breaker:
                      failures: 5
                      error_rate: "50%"
                      requests: 20
                      window: 10s
                      open: 1s
                      longest_open: 30s

                """))
    }

    @Test func anEmptyFileShowsAllDefaults() {
        let yaml = EffectiveConfiguration(GatewayConfiguration()).yaml
        #expect(
            yaml.hasPrefix(
                "listen:\n  - address: \"127.0.0.1:8080\"\n    tls: null\nadmin:\n  listen: same\n  swagger_ui: null\n")
        )
        for line in [
            "  anonymous: null", "  wrong_keys_per_minute: 30", "  per_ip:\n    requests_per_minute: 600",
            "  per_key:\n    requests_per_minute: 60", "  budget_mode: strict", "  table_slots: 1048576",
            "telemetry:\n  metrics:\n    per_project: false\n  extension: headers",
            "schedule:\n  rollup: \"01:00\"\n  prune: \"Sun 02:00\"\n  timezone: UTC",
            "retention:\n  requests: 90d\n  usage: forever\n  audit: 30d",
            "cache:\n  single_flight: true\n  scope: project\n  metering: leader",
        ] {
            #expect(yaml.contains("\n\(line)\n"), "\(line)")
        }
        for line in ["drain_timeout: 5m", "  max_body: 32MB", "  static_key: null", "providers: {}", "  level: info"] {
            #expect(yaml.contains("\n\(line)\n"), "\(line)")
        }
    }

    @Test func theReportHasALinePerProblem() throws {
        let problems = [
            ConfigurationProblem(file: "f", line: 3, column: 5, path: "http.max_body", message: "expected \"x\""),
            ConfigurationProblem(file: "environment", line: 0, column: 0, path: "A", message: "bad"),
            ConfigurationProblem(file: "f", line: 0, column: 0, path: "", message: "gone"),
        ]
        let report = ConfigurationReport(problems)
        #expect(report.text == "f:3:5: http.max_body: expected \"x\"\nenvironment: A: bad\nf: gone\n")
        let object = try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: [[String: Any]]]
        let listed = try #require(object?["problems"])
        #expect(listed.count == 3)
        #expect(listed.first?["column"] as? Int == 5)
        #expect(listed.first?["message"] as? String == "expected \"x\"")
    }
}
