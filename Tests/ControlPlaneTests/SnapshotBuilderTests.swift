import Administration
import Configuration
import Domain
import IPC
import Testing

@testable import ControlPlane

@Suite struct SnapshotBuilderTests {
    private let builder = SnapshotBuilder(
        version: 5, staticKeyDigest: [UInt8](repeating: 9, count: 32), cores: 8, workingDirectory: "/srv/gateway")

    private func provider(_ name: String) -> ConfiguredProvider {
        ConfiguredProvider(
            settings: ProviderSettings(name: name, kind: .server(.openai, baseURL: "https://\(name).example/v1")))
    }

    private func alias(_ name: String, _ provider: String, _ model: String) -> ModelAlias {
        ModelAlias(name: name, target: ModelTarget(provider: provider, model: model))
    }

    @Test func theDefaultsOfAnEmptyFile() {
        let snapshots = self.builder.build(GatewayConfiguration())
        #expect(snapshots.edge.routes == RouteTable(providers: [], aliases: [], defaultProvider: nil))
        #expect(snapshots.edge.authentication == .required)
        #expect(snapshots.edge.http == HTTPLimits())
        #expect(snapshots.edge.corsOrigins.isEmpty)
        #expect(snapshots.edge.staticKeyDigest == [UInt8](repeating: 9, count: 32))
        #expect(
            snapshots.upstream
                == UpstreamSnapshot(
                    version: 5, providers: [], upstreams: 2, stateDirectory: "/srv/gateway/sluice-state",
                    logLevel: .info))
        var table = LimitTableSettings()
        table.places = 20
        #expect(
            snapshots.aggregator
                == AggregatorSnapshot(
                    version: 5, stateDirectory: "/srv/gateway/sluice-state",
                    usageDatabase: .sqlite(path: "/srv/gateway/sluice-state/usage/usage.db"), limitTable: table,
                    upstreams: 4, housekeeping: HousekeepingSettings(requests: 90 * 86_400_000), logLevel: .info))
        var limits = LimitSettings()
        limits.perAddress[.requestsPerMinute] = 600
        limits.perKey[.requestsPerMinute] = 60
        limits.wrongKeysPerMinute = 30
        #expect(snapshots.edge.limits == limits)
        #expect(
            snapshots.topology
                == Topology(
                    listeners: [ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 8080))], edges: 8, upstreams: 2,
                    drainTimeout: 300_000, stateDirectory: "/srv/gateway/sluice-state", logLevel: .info))
    }

    @Test func pathsOfTLSFilesAreAbsolute() {
        let address = ListenAddress.unix(path: "/run/x")
        let configuration = GatewayConfiguration(listen: [
            ListenerSettings(address, tls: .init(certificate: "tls/c.pem", key: "/etc/k.pem"))
        ])
        #expect(
            self.builder.build(configuration).topology.listeners == [
                ListenerSettings(address, tls: .init(certificate: "/srv/gateway/tls/c.pem", key: "/etc/k.pem"))
            ])
    }

    @Test func providersKeepTheOrderOfTheFile() {
        let configuration = GatewayConfiguration(
            providers: [self.provider("zeta"), self.provider("alpha"), self.provider("mu")], defaultProvider: "mu",
            models: [self.alias("fast", "alpha", "a:1"), self.alias("slow", "zeta", "z")])
        let snapshots = self.builder.build(configuration)
        #expect(snapshots.edge.routes.providers == ["zeta", "alpha", "mu"])
        #expect(snapshots.upstream.providers.map(\.name) == ["zeta", "alpha", "mu"])
        #expect(snapshots.edge.routes.defaultProvider == 2)
        #expect(
            snapshots.edge.routes.aliases == [
                RouteTable.Alias(
                    name: Array("fast".utf8), targets: [Target(provider: 1, model: Array("a:1".utf8))]),
                RouteTable.Alias(name: Array("slow".utf8), targets: [Target(provider: 0, model: Array("z".utf8))]),
            ])
    }

    @Test(arguments: [
        (1, UInt16(1), UInt16(1)), (2, 2, 1), (4, 4, 1), (7, 7, 1), (8, 8, 2), (64, 64, 16),
    ])
    func automaticWorkersFollowTheCores(_ cores: Int, _ edges: UInt16, _ upstreams: UInt16) {
        var builder = self.builder
        builder.cores = cores
        let topology = builder.build(GatewayConfiguration()).topology
        #expect(topology.edges == edges)
        #expect(topology.upstreams == upstreams)
    }

    @Test func whatTheFileSaysIsTakenOver() {
        let configuration = GatewayConfiguration(
            listen: [ListenerSettings(.unix(path: "/run/x")), ListenerSettings(.inherited(descriptor: 3))],
            stateDirectory: "/var/lib/sluice",
            workers: WorkerSettings(edge: .fixed(3), upstream: .fixed(5)), drainTimeout: 1234,
            http: HTTPSettings(limits: HTTPLimits(maxBody: 77), corsOrigins: ["https://a.example"]),
            auth: AuthSettings(keys: .optional), logLevel: .debug,
            logging: LogSettings(
                format: .text, file: "logs/x.log", requests: RequestLogging(access: false, prompts: true)))
        let snapshots = self.builder.build(configuration)
        #expect(
            snapshots.topology
                == Topology(
                    listeners: [ListenerSettings(.unix(path: "/run/x")), ListenerSettings(.inherited(descriptor: 3))],
                    edges: 3, upstreams: 5,
                    drainTimeout: 1234, stateDirectory: "/var/lib/sluice", logLevel: .debug, logFormat: .text,
                    logFile: "/srv/gateway/logs/x.log"))
        #expect(snapshots.edge.http.maxBody == 77)
        #expect(snapshots.edge.corsOrigins == ["https://a.example"])
        #expect(snapshots.edge.authentication == .optional)
        #expect(snapshots.edge.logLevel == .debug)
        #expect(snapshots.edge.logFormat == .text && snapshots.upstream.logFormat == .text)
        #expect(snapshots.aggregator.logFormat == .text)
        #expect(snapshots.edge.requestLogging == RequestLogging(access: false, prompts: true))
        #expect(snapshots.upstream.logLevel == .debug)
        #expect(snapshots.aggregator.logLevel == .debug)
    }

    @Test func limitsAndTimeZonesReachThoseWhoNeedThem() throws {
        let text = """
            workers: {edge: 200}
            http: {trusted_proxies: [10.0.0.0/8, "fd00::/8"]}
            auth: {anonymous: {requests_per_day: 3, models: [a]}, wrong_keys_per_minute: 5}
            limits:
              global: {concurrency: 1}
              per_ip: {requests_per_minute: null}
              per_key: {cost_daily: 1}
              models: {m: {tokens_total: 9}}
              budget_mode: estimate
              unknown_price: refuse
              soft_percent: 50
              table_slots: 2048
            """
        let result = ConfigurationLoader.load(text: text, file: "f", environment: [:]) {
            _, _ throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "none")
        }
        let zone = TimeZoneRules(name: "Europe/Berlin", transitions: [.init(at: 5, offset: 3600)])
        var builder = self.builder
        builder.timeZone = zone
        builder.projects = [.init(id: .standard, timeZone: zone)]
        let snapshots = builder.build(try #require(result.configuration))
        var limits = LimitSettings()
        limits.global = LimitSet([.concurrency: 1])
        limits.perKey = LimitSet([.dailyCost: 1_000_000_000, .requestsPerMinute: 60])
        limits.models = [.init(name: [0x6D], limits: LimitSet([.totalTokens: 9]))]
        limits.wrongKeysPerMinute = 5
        limits.anonymous = .init(limits: LimitSet([.requestsPerDay: 3]), models: [[0x61]])
        limits.mode = .estimate
        limits.allowsUnknownPrice = false
        limits.softPercent = 50
        limits.trustedProxies = [
            .init(network: [10, 0, 0, 0], prefixLength: 8),
            .init(network: [0xFD] + [UInt8](repeating: 0, count: 15), prefixLength: 8),
        ]
        limits.timeZone = zone
        #expect(snapshots.edge.limits == limits)
        #expect(snapshots.aggregator.limitTable.slots == 2048)
        #expect(snapshots.aggregator.limitTable.places == 220)
        #expect(snapshots.aggregator.limitTable.timeZone == zone)
        #expect(snapshots.aggregator.housekeeping.timeZone == zone)
        #expect(snapshots.aggregator.limitTable.projects == builder.projects)
        #expect(snapshots.canBeRead)
        #expect(try EdgeSnapshot(decoding: snapshots.edge.encoded()) == snapshots.edge)
        #expect(try AggregatorSnapshot(decoding: snapshots.aggregator.encoded()) == snapshots.aggregator)
    }

    @Test func relativePathsBecomeAbsolute() {
        var provider = self.provider("p")
        provider.settings.caFile = "tls/./ca.pem"
        let snapshots = self.builder.build(GatewayConfiguration(providers: [provider]))
        #expect(snapshots.upstream.providers.map(\.caFile) == ["/srv/gateway/tls/ca.pem"])
    }

    @Test(arguments: [
        ("/a/b", "/c", "/a/b"), ("./a", "/c", "/c/a"), ("a", "/", "/a"), ("../a", "/c/d", "/c/d/../a"),
        ("a//b/", "/c/", "/c/a/b"), (".", "/c", "/c"), ("/", "/c", "/"),
    ])
    func paths(_ path: String, _ directory: String, _ expected: String) {
        #expect(AbsolutePath.resolve(path, in: directory) == expected)
    }

    /// Every secret of a configuration, and everything that tells where providers are, as it really goes out.
    @Test func secretsReachTheUpstreamsOnly() throws {
        let text = """
            auth: {static_key: canary-static-key-0001}
            providers:
              first:
                dialect: openai
                base_url: https://canary-host.example/canary-path/v1
                api_key: canary-provider-key
                headers: {x-canary-header: canary-header-value}
                proxy: http://canary-proxy.example:3128
              second: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: "${CANARY}"}
            models: {name: {targets: ["first:model"]}}
            """
        let result = ConfigurationLoader.load(
            text: text, file: "f", environment: ["CANARY": "canary-from-environment"]
        ) { _, _ throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "none") }
        #expect(result.problems.map(\.description) == [])
        let snapshots = self.builder.build(try #require(result.configuration))
        let announcement = TopologyAnnouncement(version: 1, host: 1, topology: snapshots.topology)
        let all = [
            "canary-static-key", "canary-host", "canary-path", "canary-provider-key", "canary-header-value",
            "x-canary-header", "canary-proxy", "canary-from-environment", "canary",
        ]
        for canary in all {
            #expect(!Self.contains(snapshots.edge.encoded(), canary), "edge: \(canary)")
            #expect(!Self.contains(snapshots.aggregator.encoded(), canary), "aggregator: \(canary)")
            #expect(!Self.contains(announcement.frame(), canary), "topology: \(canary)")
        }
        let upstream = snapshots.upstream.encoded()
        for canary in all.dropFirst() {
            #expect(Self.contains(upstream, canary), "upstream: \(canary)")
        }
        #expect(!Self.contains(upstream, "canary-static-key"))
    }

    @Test func snapshotsReadBack() throws {
        let configuration = GatewayConfiguration(
            providers: [self.provider("p"), .simulated], defaultProvider: "simulated",
            models: [self.alias("m", "p", "x")])
        let snapshots = self.builder.build(configuration)
        #expect(try EdgeSnapshot(decoding: snapshots.edge.encoded()) == snapshots.edge)
        #expect(try UpstreamSnapshot(decoding: snapshots.upstream.encoded()) == snapshots.upstream)
        #expect(try AggregatorSnapshot(decoding: snapshots.aggregator.encoded()) == snapshots.aggregator)
    }

    @Test func whatNoWorkerCouldReadIsNoticed() {
        var configuration = GatewayConfiguration(providers: [self.provider("p")])
        #expect(self.builder.build(configuration).canBeRead)
        configuration.providers = [self.provider(String(repeating: "p", count: 257))]
        #expect(!self.builder.build(configuration).canBeRead)
        configuration = GatewayConfiguration(
            listen: [ListenerSettings](repeating: ListenerSettings(.unix(path: "/x")), count: 5000))
        #expect(!self.builder.build(configuration).canBeRead)
    }

    @Test(arguments: [
        ("Cpus_allowed:\tff\n", Int?(8)), ("Name:\tx\nCpus_allowed:\t3,00000001\nCpus_allowed_list:\t0\n", 3),
        ("Cpus_allowed:\t0\n", nil), ("Cpus_allowed_list:\t0-7\n", nil), ("", nil),
    ])
    func coresAreCounted(_ status: String, _ count: Int?) {
        #expect(AvailableCores.allowed(Array(status.utf8)) == count)
    }

    @Test func thisMachineHasCores() {
        #expect(AvailableCores.count(readFile: BoundedFile.read) >= 1)
    }

    static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }
}
