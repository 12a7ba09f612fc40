import Domain
import Testing

@testable import IPC

@Suite struct SnapshotCodecTests {
    private let edge = EdgeSnapshot(
        version: 4, http: HTTPLimits(maxRequestLine: 1, maxHeaders: 2, maxHeaderCount: 3, maxBody: 4, idleTimeout: 6),
        corsOrigins: ["https://a.example", "*"], authentication: .optional,
        staticKeyDigest: [UInt8](repeating: 9, count: 32),
        routes: RouteTable(
            providers: ["one", "two"], aliases: SnapshotCodecTests.aliases, defaultProvider: 0,
            models: [.init(provider: 1, name: [0x61], facts: ModelFacts(price: 0))],
            policies: SnapshotCodecTests.policies), prices: [.free], limits: SnapshotCodecTests.limits,
        sharedCalls: SharedCallSettings(isOn: false, scope: .everybody, eachPays: true), countsProjects: true,
        responseExtension: .body, logLevel: .debug, logFormat: .text,
        requestLogging: RequestLogging(access: false, prompts: true, responses: true))
    private let upstream = UpstreamSnapshot(
        version: 4,
        providers: [
            ProviderSettings(
                name: "one", kind: .server(.azure, baseURL: "https://p.example/v1"),
                apiKey: Secret(Array("sk-key".utf8)),
                apiVersion: "2024-10-21", dropsUnsupported: true, fetchesImages: true,
                headers: [.init(name: "x-a", value: Secret([1, 2]))], proxy: "http://proxy:1", maxConnections: 5,
                concurrency: 4, queue: QueueSettings(length: 7, wait: 8),
                breaker: BreakerSettings(
                    failures: 9, errorRate: 10, requests: 11, window: 12, open: 13, longestOpen: 14),
                caFile: "/ca.pem",
                timeouts: ProviderTimeouts(connect: 1, firstToken: 2, idle: 3, total: 4), reach: .publicInternet),
            ProviderSettings(
                name: "two", kind: .simulated(delay: 50, tokensPerSecond: 200),
                keys: [
                    ProviderKey(
                        name: "k1", value: Secret([0x61]), weight: 1_000_000, requestsPerMinute: 40,
                        tokensPerMinute: .max), ProviderKey(name: "k2", value: Secret([0x62])),
                ], breaker: .off),
        ], policies: SnapshotCodecTests.policies, upstreams: 4, logLevel: .warning, logFormat: .text,
        earlier: .init(
            version: 3, providers: [ProviderSettings(name: "two", kind: .simulated(delay: 1, tokensPerSecond: 2))],
            prices: [.free, SnapshotCodecTests.price], policies: SnapshotCodecTests.policies))

    private let aggregator = AggregatorSnapshot(
        version: 9, stateDirectory: "/s",
        usageDatabase: .postgres(
            PostgresAddress(
                host: "::1", port: 1, database: "d /?", user: "u@", password: Secret(Array("p%:/@".utf8)),
                tls: .verifyFull, rootCertificate: "/a b", connectTimeout: 10)), limitTable: SnapshotCodecTests.table,
        upstreams: 4,
        housekeeping: HousekeepingSettings(
            schedules: JobSchedules(rollup: .standardPrune, prune: .standardRollup), timeZone: SnapshotCodecTests.zone,
            requests: 32, usage: .max),
        logLevel: .error, logFormat: .text)

    /// With all there can be.
    private static let price: Price = {
        var rates = Price.Rates(input: 1, output: 2)
        for tokenClass in TokenClass.allCases { rates[own: tokenClass] = 100 + Int64(tokenClass.rawValue) }
        for unitClass in UnitClass.allCases { rates.units[unitClass] = 200 + Int64(unitClass.rawValue) }
        let tiers = [PromptTier(above: 5, rates: rates), PromptTier(above: 9, rates: Price.Rates(input: 3, output: 4))]
        var services: [ServiceTier: PriceList] = [:]
        for service in ServiceTier.allCases where service != .standard {
            services[service] = PriceList(Price.Rates(input: .max, output: .min), tiers: tiers)
        }
        return Price(rates, tiers: tiers, services: services)
    }()
    private static let policies = [
        RoutePolicy(), RoutePolicy(strategy: .weighted, retries: 8, retryDelay: 60_000, hedgeAfter: .percentile(99)),
        RoutePolicy(strategy: .leastLatency, retries: 0, hedgeAfter: .time(2000)), RoutePolicy(strategy: .leastCost),
        RoutePolicy(strategy: .leastBusy, hedgeAfter: .percentile(50)),
    ]
    private static let choices = [
        RouteTable.Choice(Target(provider: 1, model: [0x61], price: 0), weight: 1_000_000),
        RouteTable.Choice(Target(provider: 0, model: Array("*".utf8))),
    ]
    private static let aliases: [RouteTable.Alias] = [
        .init(name: Array("fast".utf8), targets: [Target(provider: 1, model: [0x61])]),
        .init(name: Array("w-*".utf8), choices: choices, policy: 1, sticky: .user, tier: .deep),
        .init(
            name: Array("auto".utf8), choices: [], policy: 4, sticky: .key,
            route: .init(threshold: .max, header: Array("x-sluice-tier".utf8), fast: choices, deep: [choices[0]])),
    ]
    private static let zone = TimeZoneRules(
        name: "Europe/Berlin", initialOffset: 3600,
        transitions: [.init(at: -5, offset: 7200), .init(at: 1_800_000_000, offset: -3600)])

    private static var limits: LimitSettings {
        var limits = LimitSettings()
        limits.global = LimitSet([.requestsPerMinute: 5])
        limits.perAddress = LimitSet([.requestsPerMinute: 600])
        limits.perKey = LimitSet(Dictionary(uniqueKeysWithValues: LimitKind.allCases.map { ($0, Int64($0.rawValue)) }))
        limits.models = [.init(name: [0x61], limits: LimitSet([.totalCost: .max]))]
        limits.wrongKeysPerMinute = 30
        limits.anonymous = .init(limits: LimitSet([.monthlyTokens: 100_000]), models: [[0x62], [0x63]])
        limits.mode = .estimate
        limits.allowsUnknownPrice = false
        limits.softPercent = 75
        limits.trustedProxies = [
            .init(network: [10, 0, 0, 0], prefixLength: 8),
            .init(network: [UInt8](repeating: 0, count: 16), prefixLength: 128),
        ]
        limits.timeZone = Self.zone
        return limits
    }

    private static var table: LimitTableSettings {
        var table = LimitTableSettings()
        table.slots = 4096
        table.places = 12
        table.timeZone = Self.zone
        table.projects = [.init(id: EntityID(high: 1, low: .max), timeZone: Self.zone)]
        return table
    }

    @Test func snapshotsComeBackAsTheyWere() throws {
        #expect(try EdgeSnapshot(decoding: self.edge.encoded()) == self.edge)
        #expect(try UpstreamSnapshot(decoding: self.upstream.encoded()) == self.upstream)
        #expect(try AggregatorSnapshot(decoding: self.aggregator.encoded()) == self.aggregator)
        let plain = AggregatorSnapshot(version: 9, logLevel: .error)
        #expect(try AggregatorSnapshot(decoding: plain.encoded()) == plain)
    }

    @Test func truncatedSnapshotsAreRefused() {
        let edge = self.edge.encoded()
        for count in 0..<edge.count {
            #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: Array(edge[..<count])) }
        }
        let upstream = self.upstream.encoded()
        for count in 0..<upstream.count {
            #expect(throws: WireReader.Malformed.self) { try UpstreamSnapshot(decoding: Array(upstream[..<count])) }
        }
    }

    @Test func truncatedLimitTablesAreRefused() {
        let bytes = self.aggregator.encoded()
        for count in 0..<bytes.count {
            #expect(throws: WireReader.Malformed.self) { try AggregatorSnapshot(decoding: Array(bytes[..<count])) }
        }
    }

    @Test(
        arguments: [
            { (limits: inout LimitSettings) in limits.softPercent = 101 },
            { $0.wrongKeysPerMinute = -1 },
            { $0.trustedProxies = [.init(network: [1, 2, 3, 4, 5], prefixLength: 1)] },
            { $0.trustedProxies = [.init(network: [1, 2, 3, 4], prefixLength: 33)] },
            { $0.trustedProxies = [.init(network: [UInt8](repeating: 0, count: 16), prefixLength: 129)] },
            { $0.timeZone.initialOffset = 86_401 },
            { $0.timeZone.transitions = [.init(at: 5, offset: 0), .init(at: 5, offset: 1)] },
            { $0.timeZone.transitions = [.init(at: 5, offset: -86_401)] },
            { $0.timeZone.transitions = (0..<257).map { .init(at: $0, offset: 0) } },
            { $0.timeZone.name = String(repeating: "x", count: 129) },
        ] as [@Sendable (inout LimitSettings) -> Void])
    func limitsThatCannotBeAreRefused(_ spoil: @Sendable (inout LimitSettings) -> Void) {
        var snapshot = self.edge
        spoil(&snapshot.limits)
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: snapshot.encoded()) }
    }

    @Test func limitSetsAreReadStrictly() throws {
        func decode(_ bytes: [UInt8]) throws(WireReader.Malformed) -> LimitSet {
            try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in try LimitSet(from: &reader) }
        }
        #expect(try decode([0, 1, 0, 0, 0, 0, 0, 0, 0, 7]) == LimitSet([.requestsPerMinute: 7]))
        #expect(throws: WireReader.Malformed.self) { try decode([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 7]) }
        #expect(throws: WireReader.Malformed.self) { try decode([0x40, 0, 0, 0, 0, 0, 0, 0, 0, 7]) }
        #expect(throws: WireReader.Malformed.self) { try decode([0, 3, 0, 0, 0, 0, 0, 0, 0, 7]) }
    }

    @Test func tablesThatCannotBeAreRefused() {
        for (slots, places): (UInt32, UInt16) in [(1023, 8), (1 << 23 + 1, 8), (4096, 0), (4096, 1025)] {
            var snapshot = self.aggregator
            snapshot.limitTable.slots = slots
            snapshot.limitTable.places = places
            #expect(throws: WireReader.Malformed.self) { try AggregatorSnapshot(decoding: snapshot.encoded()) }
        }
    }

    @Test func schedulesAreReadStrictly() throws {
        func decode(_ bytes: [UInt8]) throws(WireReader.Malformed) -> Schedule {
            try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in try Schedule(from: &reader) }
        }
        #expect(try decode([1, 6, 0, 120]) == .standardPrune)
        #expect(try decode([0, 5, 159]).text == "23:59")
        for bytes: [UInt8] in [
            [1, 7, 0, 120], [2, 6, 0, 120], [0, 5, 160], [0, 0xFF, 0xFF], [0, 1], [1, 6, 0, 120, 0],
        ] {
            #expect(throws: WireReader.Malformed.self) { try decode(bytes) }
        }
    }

    @Test func aTargetOfAnUnknownProviderIsRefused() {
        var snapshot = self.edge
        snapshot.routes.aliases[0].targets[0].provider = 2
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: snapshot.encoded()) }
        snapshot = self.edge
        snapshot.routes.defaultProvider = 2
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: snapshot.encoded()) }
    }

    @Test(
        arguments: [
            { (routes: inout RouteTable) in routes.aliases[1].policy = 5 },
            { $0.aliases[2].policy = .max },
            { $0.policies = [] },
            { $0.policies[1].retries = 9 },
            { $0.policies[1].hedgeAfter = .percentile(49) },
            { $0.policies[1].hedgeAfter = .percentile(100) },
            { $0.aliases[2].route?.fast[0].target.provider = 2 },
            { $0.aliases[2].route?.deep[0].target.provider = 2 },
            { $0.aliases[2].route?.deep[0].target.price = 1 },
            { $0.aliases[1].choices[0].target.price = 1 },
            { $0.aliases[2].route?.header = [UInt8](repeating: 0x61, count: 257) },
            { $0.aliases[1].choices[0].target.model = [UInt8](repeating: 0x61, count: 1025) },
            { $0.models[0].provider = 2 },
        ] as [@Sendable (inout RouteTable) -> Void])
    func routesThatCannotBeAreRefused(_ spoil: @Sendable (inout RouteTable) -> Void) {
        var snapshot = self.edge
        spoil(&snapshot.routes)
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: snapshot.encoded()) }
    }

    @Test(
        arguments: [
            { (snapshot: inout UpstreamSnapshot) in snapshot.policies = [] },
            { $0.policies[2].retries = 200 },
            { $0.earlier?.policies = [] },
            { $0.earlier?.policies[0].hedgeAfter = .percentile(0) },
            {
                $0.providers[1].keys = (0..<65).map { ProviderKey(name: "k\($0)", value: Secret([0x61])) }
            },
            { $0.providers[1].keys[0].name = String(repeating: "k", count: 257) },
        ] as [@Sendable (inout UpstreamSnapshot) -> Void])
    func providersAndPoliciesThatCannotBeAreRefused(_ spoil: @Sendable (inout UpstreamSnapshot) -> Void) {
        var snapshot = self.upstream
        spoil(&snapshot)
        #expect(throws: WireReader.Malformed.self) { try UpstreamSnapshot(decoding: snapshot.encoded()) }
    }

    /// Enumerations of the edge's half, where they stand in its last bytes: on, scope, each pays, and behind
    /// them whether projects are counted, where replies say what they are, and no listener of the administration's own.
    @Test func anUnknownScopeOfSharedCallsIsRefused() throws {
        var bytes = self.edge.encoded()
        for scope: UInt8 in [3, 255] {
            bytes[bytes.count - 5] = scope
            #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: bytes) }
        }
        for scope in SharedCallSettings.Scope.allCases {
            bytes[bytes.count - 5] = scope.rawValue
            #expect(try EdgeSnapshot(decoding: bytes).sharedCalls.scope == scope)
        }
        for place in ResponseExtension.allCases {
            bytes[bytes.count - 2] = place.rawValue
            #expect(try EdgeSnapshot(decoding: bytes).responseExtension == place)
        }
        bytes[bytes.count - 2] = 3
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: bytes) }
    }
}
