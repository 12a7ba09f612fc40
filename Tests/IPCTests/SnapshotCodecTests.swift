import Domain
import IPC
import Testing

@Suite struct SnapshotCodecTests {
    private let edge = EdgeSnapshot(
        version: 4, http: HTTPLimits(maxRequestLine: 1, maxHeaders: 2, maxHeaderCount: 3, maxBody: 4, idleTimeout: 6),
        corsOrigins: ["https://a.example", "*"], authentication: .optional,
        staticKeyDigest: [UInt8](repeating: 9, count: 32),
        routes: RouteTable(
            providers: ["one", "two"],
            aliases: [.init(name: Array("fast".utf8), targets: [Target(provider: 1, model: [0x61])])],
            defaultProvider: 0), logLevel: .debug)
    private let upstream = UpstreamSnapshot(
        version: 4,
        providers: [
            ProviderSettings(
                name: "one", kind: .openAI(baseURL: "https://p.example/v1"), apiKey: Secret(Array("sk-key".utf8)),
                headers: [.init(name: "x-a", value: Secret([1, 2]))], proxy: "http://proxy:1", maxConnections: 5,
                caFile: "/ca.pem",
                timeouts: ProviderTimeouts(connect: 1, firstToken: 2, idle: 3, total: 4)),
            ProviderSettings(name: "two", kind: .simulated(delay: 50, tokensPerSecond: 200)),
        ], logLevel: .warning)

    @Test func snapshotsComeBackAsTheyWere() throws {
        #expect(try EdgeSnapshot(decoding: self.edge.encoded()) == self.edge)
        #expect(try UpstreamSnapshot(decoding: self.upstream.encoded()) == self.upstream)
        let aggregator = AggregatorSnapshot(version: 9, logLevel: .error)
        #expect(try AggregatorSnapshot(decoding: aggregator.encoded()) == aggregator)
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

    @Test func aTargetOfAnUnknownProviderIsRefused() {
        var snapshot = self.edge
        snapshot.routes.aliases[0].targets[0].provider = 2
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: snapshot.encoded()) }
        snapshot = self.edge
        snapshot.routes.defaultProvider = 2
        #expect(throws: WireReader.Malformed.self) { try EdgeSnapshot(decoding: snapshot.encoded()) }
    }
}
