import Configuration
import Domain
import IPC
import Testing

@testable import ControlPlane

/// What becomes of `models` in the snapshots of edges and upstreams.
@Suite struct RouteTableBuilderTests {
    private static let providers = """
        providers:
          openai: {dialect: openai, api_key: k}
          anthropic:
            dialect: anthropic
            concurrency: 20
            queue: {length: 9, wait: 1s}
            breaker: {failures: 2, error_rate: 0%}
            keys:
              - {name: one, value: canary-one, requests_per_minute: 40, tokens_per_minute: 80000, weight: 2}
              - {name: two, value: canary-two}
          local: {dialect: simulated, breaker: off}

        """

    private func snapshots(_ text: String, version: UInt64 = 5, earlier: UpstreamSnapshot? = nil) throws -> SnapshotSet
    {
        let result = ConfigurationLoader.load(text: Self.providers + text, file: "f", environment: [:]) {
            _, _ throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "none")
        }
        #expect(result.problems.map(\.description) == [])
        var builder = SnapshotBuilder(version: version, staticKeyDigest: nil, cores: 1, workingDirectory: "/srv")
        builder.earlier = earlier.map {
            .init(version: $0.version, providers: $0.providers, prices: $0.prices, policies: $0.policies)
        }
        let snapshots = builder.build(try #require(result.configuration))
        #expect(snapshots.canBeRead)
        #expect(snapshots.edge.routes.policies == snapshots.upstream.policies)
        return snapshots
    }

    private func names(_ choices: [RouteTable.Choice]) -> [String] {
        choices.map { "\($0.target.provider):\(String(decoding: $0.target.model, as: UTF8.self)) \($0.weight)" }
    }

    @Test func choicesKeepOrderAndWeights() throws {
        let edge = try self.snapshots(
            """
            models:
              smart:
                targets: [{target: "anthropic:claude-sonnet-4-5", weight: 3}, "openai:gpt-4o", "local:x"]
                strategy: weighted
                sticky: user
                tier: deep
              plain: {targets: ["local:y"]}
            """
        ).edge
        let smart = edge.routes.aliases[0]
        #expect(self.names(smart.choices) == ["1:claude-sonnet-4-5 3", "0:gpt-4o 1", "2:x 1"])
        #expect(smart.sticky == .user && smart.tier == .deep && smart.route == nil)
        #expect(edge.routes.policies[Int(smart.policy)].strategy == .weighted)
        #expect(
            smart.choices.map { $0.target.price.map { edge.prices[Int($0)].rates.input } } == [3_000_000, 2_500_000, 0])
        #expect(edge.routes.aliases[1] == .init(name: Array("plain".utf8), targets: [smart.targets[2].renamed("y")]))
    }

    @Test func eachPolicyIsThereOnceAndTheFirstIsTheDefault() throws {
        let routes = try self.snapshots(
            """
            models:
              a: {targets: ["local:x"], retries: 2, retry_delay: 500ms}
              b: {targets: ["local:x"], retries: 1, hedge_after: p95}
              c: {targets: ["local:x"], hedge_after: 2s}
              d: {targets: ["local:y"], hedge_after: p95, retries: 1}
              e: {targets: ["local:x"], strategy: ordered}
            """
        ).edge.routes
        #expect(routes.aliases.map(\.policy) == [0, 1, 2, 1, 0])
        #expect(
            routes.policies == [
                RoutePolicy(), RoutePolicy(retries: 1, hedgeAfter: .percentile(95)),
                RoutePolicy(hedgeAfter: .time(2000)),
            ])
        #expect(try self.snapshots("").edge.routes.policies == [RoutePolicy()])
    }

    @Test func aRouteHasTheTargetsOfItsTiersInTheOrderOfTheFile() throws {
        let routes = try self.snapshots(
            """
            models:
              auto: {route: {by: tier, threshold_characters: 77, header: X-T}, strategy: least_latency, retries: 1}
              deep: {tier: deep, targets: ["anthropic:claude-opus-4-5", "openai:gpt-4o"]}
              fast: {tier: fast, targets: ["openai:gpt-4o-mini"]}
              "any-*": {tier: fast, targets: ["openai:*", "local:z"]}
              more: {tier: fast, targets: [{target: "anthropic:claude-haiku-4-5", weight: 4}, "openai:gpt-4o-mini"], strategy: weighted}
              second: {route: {by: tier}}
            """
        ).edge.routes
        let auto = routes.aliases[0]
        let route = try #require(auto.route)
        #expect(auto.choices.isEmpty && auto.tier == nil)
        #expect(routes.policies[Int(auto.policy)] == RoutePolicy(strategy: .leastLatency, retries: 1))
        #expect(route.threshold == 77 && route.header == Array("x-t".utf8))
        #expect(self.names(route.fast) == ["0:gpt-4o-mini 1", "2:z 1", "1:claude-haiku-4-5 4"])
        #expect(self.names(route.deep) == ["1:claude-opus-4-5 1", "0:gpt-4o 1"])
        #expect(route.fast.map { $0.target.price == nil } == [false, false, false])
        let second = try #require(routes.aliases[5].route)
        #expect(second.threshold == 8000 && second.header == Array("x-sluice-tier".utf8) && second.fast == route.fast)
        #expect(routes.aliases.map(\.tier) == [nil, .deep, .fast, .fast, .fast, nil])
    }

    /// Its price shows when a client asks for a name.
    @Test func aTargetWithAStarHasNoPrice() throws {
        let routes = try self.snapshots(
            "models: {\"all/*\": {targets: [\"local:*\", \"openai:gpt-4o-mini\"]}, \"*\": {targets: [\"openai:*\"]}}"
        ).edge.routes
        #expect(routes.aliases.map { $0.targets.map { $0.price != nil } } == [[false, true], [false]])
        #expect(routes.aliases.map(\.name) == [Array("all/*".utf8), Array("*".utf8)])
    }

    /// Bare names are found by these rows: every name of the vendor, and those that `pricing` has.
    @Test func everyNameOfTheCatalogueHasARow() throws {
        let routes = try self.snapshots(
            "pricing: {\"local:smollm2\": {input: 0, output: 0}, \"openai:tune\": {input: 1, output: 1}}"
        ).edge.routes
        let rows = Set(
            routes.models.compactMap { row in
                row.name.map { "\(row.provider):\(String(decoding: $0, as: UTF8.self))" }
            })
        for name in [
            "0:gpt-4o", "0:gpt-4o-mini", "0:gpt-4o-mini-2024-07-18", "0:tune", "1:claude-sonnet-4-5",
            "1:claude-haiku-4-5", "2:smollm2",
        ] {
            #expect(rows.contains(name), "\(name)")
        }
        #expect(!rows.contains("2:gpt-4o") && !rows.contains("1:gpt-4o"))
    }

    @Test func upstreamsGetThePools() throws {
        let snapshots = try self.snapshots("workers: {upstream: 3}\ncache: {scope: key, metering: each}")
        let provider = snapshots.upstream.providers[1]
        #expect(provider.keys.map(\.name) == ["one", "two"])
        #expect(provider.keys.map(\.weight) == [2, 1])
        #expect(provider.keys.map(\.requestsPerMinute) == [40, nil])
        #expect(provider.keys.map(\.tokensPerMinute) == [80_000, nil])
        #expect(provider.concurrency == 20 && provider.queue == QueueSettings(length: 9, wait: 1000))
        #expect(provider.breaker == BreakerSettings(failures: 2, errorRate: 0))
        #expect(snapshots.upstream.providers[2].breaker == .off)
        #expect(snapshots.upstream.upstreams == 3 && snapshots.aggregator.upstreams == 5)
        #expect(snapshots.edge.sharedCalls == SharedCallSettings(scope: .key, eachPays: true))
        for canary in ["canary-one", "canary-two"] {
            #expect(SnapshotBuilderTests.contains(snapshots.upstream.encoded(), canary))
            #expect(!SnapshotBuilderTests.contains(snapshots.edge.encoded(), canary))
            #expect(!SnapshotBuilderTests.contains(snapshots.aggregator.encoded(), canary))
        }
    }

    @Test func plansOfTheConfigurationBeforeKeepTheirPolicies() throws {
        let before = try self.snapshots("models: {a: {targets: [\"local:x\"], retries: 7}}")
        let after = try self.snapshots(
            "models: {a: {targets: [\"local:x\"], retries: 1}}", version: 6, earlier: before.upstream)
        #expect(after.upstream.policies.map(\.retries) == [2, 1])
        #expect(after.upstream.earlier?.policies.map(\.retries) == [2, 7])
        #expect(try UpstreamSnapshot(decoding: after.upstream.encoded()) == after.upstream)
    }
}

extension Target {
    fileprivate func renamed(_ model: String) -> Target {
        Target(provider: self.provider, model: Array(model.utf8), price: self.price)
    }
}
