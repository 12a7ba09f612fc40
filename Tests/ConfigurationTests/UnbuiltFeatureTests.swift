import Configuration
import Testing

/// Keys of the schema whose feature this version does not have.
@Suite struct UnbuiltFeatureTests {
    /// Each asks for something: refused at its key.
    static let asking: [BadCase] = [
        BadCase("redis: redis://h:6379/0", "1:1: redis: not available yet: leave redis out or set it to null"),
        BadCase("redis: true", "1:1: redis: not available yet"),
        BadCase("auth: {jwt: {algorithm: HS256}}", "1:8: auth.jwt: not available yet"),
        BadCase("cache: {enabled: true}", "1:9: cache.enabled: not available yet"),
        BadCase("cache: {enabled: on}", "1:9: cache.enabled: not available yet"),
        BadCase("redaction: {enabled: true}", "1:13: redaction.enabled: not available yet"),
        BadCase("redaction: {custom: [x]}", "1:13: redaction.custom: not available yet"),
        BadCase("audit: {bodies: false}", "1:1: audit: not available yet"),
        BadCase("telemetry: {otlp: {endpoint: x}}", "1:13: telemetry.otlp: not available yet"),
        BadCase("telemetry: {helicone: {api_key: x}}", "1:13: telemetry.helicone: not available yet"),
        BadCase("alerts: [{on: budget}]", "1:1: alerts: not available yet"),
    ]

    /// Each is refused for what it says, although its feature is off.
    static let malformed: [BadCase] = [
        BadCase("redis_timeout: fast", "1:16: redis_timeout: expected a duration"),
        BadCase("cache: {ttl: 1}", "1:14: cache.ttl: expected a duration"),
        BadCase("cache: {when: never}", "1:15: cache.when: expected deterministic or unary or all"),
        BadCase("redaction: {patterns: [emial]}", "1:24: redaction.patterns[0]: expected email or phone"),
        BadCase("telemetry: []", "1:12: telemetry: expected a mapping"),
        BadCase("telemetry: {metrics: true}", "1:22: telemetry.metrics: expected a mapping"),
        BadCase("telemetry: {extension: header}", "1:24: telemetry.extension: expected headers or body or off"),
        BadCase("telemetry: {metrics: {per_project: 1}}", "1:36: telemetry.metrics.per_project: expected"),
    ]

    /// Each asks for nothing.
    static let neutral = [
        "redis: null", "redis: false", "redis: off", "redis: ~", "redis:",
        "user: null",
        "auth: {anonymous: null, jwt: false}", "pricing: {}", "pricing: null",
        "cache: {enabled: false}",
        "cache: {enabled: off}", "cache:", "redaction: {enabled: false, custom: []}",
        "audit: null", "audit: {}", "telemetry: {otlp: null, helicone: null, extension: headers}",
        "telemetry: {extension: off}", "telemetry: {extension: body}", "alerts: []", "alerts: null", "alerts: false",
        "admin: {listen: same}", "logging: {prompts: false, responses: false, file: stderr}",
        "listen: [{address: \"127.0.0.1:1\", tls: null}]", "redaction: {patterns: [email, ip]}",
    ]

    /// Each tunes something that is off: accepted, and said to have no effect.
    static let tuning = [
        "redis_timeout: 20ms",
        "cache: {enabled: false, ttl: 24h}", "cache: {max_size: 512MB}",
        "cache: {when: deterministic}",
    ]

    @Test(arguments: asking) func whatAsksForSomethingIsRefused(bad: BadCase) { bad.check() }
    @Test(arguments: malformed) func whatIsMalformedIsRefused(bad: BadCase) { bad.check() }

    @Test(arguments: neutral) func whatAsksForNothingIsAccepted(text: String) {
        let result = Document(text: text).result
        #expect(result.problems.isEmpty)
        #expect(result.configuration != nil)
        #expect(!result.notices.contains { $0.contains("no effect") })
    }

    @Test(arguments: tuning) func whatOnlyTunesIsAcceptedWithANotice(text: String) {
        let result = Document(text: text).result
        #expect(result.problems.isEmpty)
        #expect(result.notices.filter { $0.contains("has no effect yet") }.count == 1)
    }

    @Test func theValueOfARefusedKeyIsNotRepeated() {
        let problems = Document(text: "redis: redis://user:hunter2@h").problems.joined()
        #expect(!problems.contains("hunter2"))
    }
}
