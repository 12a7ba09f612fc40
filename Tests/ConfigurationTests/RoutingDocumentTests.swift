import Configuration
import Domain
import Testing

/// `models`, pools of keys, and what bounds the work of a provider, as they come out of a file.
@Suite struct RoutingDocumentTests {
    private func configuration(_ text: String) throws -> GatewayConfiguration {
        let document = Document(text: text)
        #expect(document.problems == [])
        return try #require(document.result.configuration)
    }

    private func aliases(_ models: String) throws -> [ModelAlias] {
        try self.configuration("providers: {a: {dialect: simulated}, b: {dialect: simulated}}\n\(models)").models
    }

    private func choice(_ provider: String, _ model: String, _ weight: UInt32 = 1) -> ModelAlias.Choice {
        .init(ModelTarget(provider: provider, model: model), weight: weight)
    }

    @Test func everyKeyOfAnAlias() throws {
        let aliases = try self.aliases(
            """
            models:
              plain: {targets: [a:x, "b:y:1"]}
              smart:
                targets: [{target: a:x, weight: 3}, {target: b:y}]
                strategy: weighted
                sticky: user
                retries: 8
                retry_delay: 10s
                hedge_after: p95
                tier: deep
              "fast-*": {targets: ["a:*", "b:pre-*-post", b:one], tier: fast, sticky: null, retries: off, hedge_after: 1ms}
              auto: {route: {by: tier, threshold_characters: 1, header: X-My-Tier}, strategy: least_latency, hedge_after: off}
              none: {targets: [a:z], tier: fast, route: null, strategy: null, retries: null}
            """)
        #expect(aliases.map(\.name) == ["plain", "smart", "fast-*", "auto", "none"])
        #expect(aliases[0] == ModelAlias(name: "plain", choices: [self.choice("a", "x"), self.choice("b", "y:1")]))
        #expect(aliases[0].policy == RoutePolicy(strategy: .ordered, retries: 2, retryDelay: 500, hedgeAfter: nil))
        #expect(
            aliases[1]
                == ModelAlias(
                    name: "smart", choices: [self.choice("a", "x", 3), self.choice("b", "y")],
                    policy: RoutePolicy(
                        strategy: .weighted, retries: 8, retryDelay: 10_000, hedgeAfter: .percentile(95)),
                    sticky: .user, tier: .deep))
        #expect(
            aliases[2]
                == ModelAlias(
                    name: "fast-*",
                    choices: [self.choice("a", "*"), self.choice("b", "pre-*-post"), self.choice("b", "one")],
                    policy: RoutePolicy(retries: 0, hedgeAfter: .time(1)), tier: .fast))
        #expect(
            aliases[3]
                == ModelAlias(
                    name: "auto", choices: [], policy: RoutePolicy(strategy: .leastLatency),
                    route: .init(threshold: 1, header: "x-my-tier")))
        #expect(aliases[4] == ModelAlias(name: "none", choices: [self.choice("a", "z")], tier: .fast))
        #expect(ModelAlias.targets(of: .fast, aliases) == [self.choice("b", "one"), self.choice("a", "z")])
        #expect(ModelAlias.targets(of: .deep, aliases) == [self.choice("a", "x", 3), self.choice("b", "y")])
    }

    @Test(arguments: [
        ("ordered", RoutePolicy.Strategy.ordered), ("weighted", .weighted), ("least_latency", .leastLatency),
        ("least_cost", .leastCost), ("least_busy", .leastBusy),
    ])
    func everyStrategy(name: String, strategy: RoutePolicy.Strategy) throws {
        let alias = try #require(try self.aliases("models: {m: {targets: [a:x], strategy: \(name)}}").first)
        #expect(alias.policy.strategy == strategy)
        // Equal weights change nothing, and are no mistake.
        let equal = "models: {m: {targets: [{target: a:x, weight: 7}, {target: b:y, weight: 7}], strategy: \(name)}}"
        #expect(try self.aliases(equal).first?.choices.map(\.weight) == [7, 7])
    }

    @Test func aTargetOfTwoAliasesOfATierIsOne() throws {
        let aliases = try self.aliases(
            """
            models:
              f1: {tier: fast, targets: [{target: a:x, weight: 2}, {target: b:y, weight: 1}], strategy: weighted}
              auto: {route: {by: tier}}
              f2: {tier: fast, targets: [b:z, {target: a:x, weight: 1}]}
              d: {tier: deep, targets: [a:x]}
            """)
        #expect(
            ModelAlias.targets(of: .fast, aliases) == [
                self.choice("a", "x", 2), self.choice("b", "y"), self.choice("b", "z"),
            ])
        #expect(aliases[1].route == ModelAlias.Route(threshold: 8000, header: "x-sluice-tier"))
    }

    @Test func keysOfAPool() throws {
        let text = """
            providers:
              pool:
                dialect: anthropic
                keys:
                  - {name: one, value: k1, requests_per_minute: 40, tokens_per_minute: 80000, weight: 2}
                  - {name: two, value: k2, requests_per_minute: null}
              alone: {dialect: groq, keys: [{value: k3, tokens_per_minute: 1000000000}]}
              single: {dialect: groq, api_key: k4}
              none: {dialect: ollama, keys: []}
            """
        let keys = try self.configuration(text).providers.map(\.settings.keys)
        func secret(_ text: String) -> Secret { Secret(Array(text.utf8)) }
        #expect(
            keys == [
                [
                    ProviderKey(
                        name: "one", value: secret("k1"), weight: 2, requestsPerMinute: 40, tokensPerMinute: 80_000),
                    ProviderKey(name: "two", value: secret("k2")),
                ], [ProviderKey(value: secret("k3"), tokensPerMinute: 1_000_000_000)],
                [ProviderKey(value: secret("k4"))],
                [],
            ])
    }

    @Test func aPoolMayBeFull() throws {
        let keys = (0..<64).map { "{name: k\($0), value: v\($0)}" }.joined(separator: ", ")
        let provider = try self.configuration("providers: {x: {dialect: groq, keys: [\(keys)]}}").providers.first
        #expect(provider?.settings.keys.count == 64)
    }

    @Test func whoGivesAKeyTwiceIsTold() throws {
        let text = "providers: {x: {dialect: groq, keys: [{name: a, value: k}, {name: b, value: k}]}}"
        let result = Document(text: text).result
        #expect(result.configuration?.providers.first?.settings.keys.count == 2)
        #expect(
            result.notices == [
                "f:1:60: providers.x.keys[1]: is the same key as providers.x.keys[0]: what it may a minute is not doubled"
            ])
    }

    @Test(
        arguments: [
            ("", nil, QueueSettings(), BreakerSettings()),
            ("concurrency: null, queue: null, breaker: null", nil, QueueSettings(), BreakerSettings()),
            ("concurrency: 1024", 1024, QueueSettings(length: 256, wait: 5000), BreakerSettings()),
            ("concurrency: 20, queue: {length: 0}", 20, QueueSettings(length: 0), BreakerSettings()),
            ("queue: off, breaker: off", nil, QueueSettings(length: 0), .off),
            ("queue: false, breaker: false", nil, QueueSettings(length: 0), .off),
            ("breaker: {failures: 0, error_rate: 0%}", nil, QueueSettings(), .off),
            ("breaker: {failures: 0, error_rate: off}", nil, QueueSettings(), .off),
            (
                "queue: {length: 100000, wait: 10m}", nil, QueueSettings(length: 100_000, wait: 600_000),
                BreakerSettings()
            ),
            (
                "breaker: {failures: 1000, error_rate: 1%, requests: 1, window: 1s, open: 100ms, longest_open: 100ms}",
                nil,
                QueueSettings(),
                BreakerSettings(failures: 1000, errorRate: 1, requests: 1, window: 1000, open: 100, longestOpen: 100)
            ),
            ("breaker: {open: 1h}", nil, QueueSettings(), BreakerSettings(open: 3_600_000, longestOpen: 3_600_000)),
        ] as [(String, UInt32?, QueueSettings, BreakerSettings)])
    func howMuchAProviderGets(
        text: String, concurrency: UInt32?, queue: QueueSettings, breaker: BreakerSettings
    ) throws {
        let settings = try #require(
            try self.configuration("providers: {x: {dialect: simulated, \(text)}}").providers.first?.settings)
        #expect(settings.concurrency == concurrency)
        #expect(settings.queue == queue)
        #expect(settings.breaker == breaker)
    }

    @Test(
        arguments: [
            ("", SharedCallSettings(isOn: true, scope: .project, eachPays: false)),
            ("cache: {single_flight: off}", SharedCallSettings(isOn: false)),
            ("cache: {scope: key, metering: each}", SharedCallSettings(scope: .key, eachPays: true)),
            ("cache: {scope: shared, metering: leader}", SharedCallSettings(scope: .everybody)),
        ] as [(String, SharedCallSettings)])
    func whoSharesCalls(text: String, expected: SharedCallSettings) throws {
        #expect(try self.configuration(text).sharedCalls == expected)
    }

    @Test func anonymousCallersMayHaveNamesWithAStar() throws {
        let configuration = try self.configuration("auth: {anonymous: {models: [fast, \"openai:*\"]}}")
        #expect(configuration.auth.anonymous?.models == [Array("fast".utf8), Array("openai:*".utf8)])
    }
}
