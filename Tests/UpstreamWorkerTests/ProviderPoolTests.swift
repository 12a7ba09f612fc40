import Dialects
import Domain
import HTTPClient
import IPC
import Metrics
import Testing

@testable import UpstreamWorker

@Suite
struct ProviderPoolTests {
    private func snapshot(_ version: UInt64, _ providers: [ProviderSettings]) -> UpstreamSnapshot {
        UpstreamSnapshot(version: version, providers: providers, logLevel: .info)
    }

    private func request(_ model: String = "m", isStream: Bool = false) -> ProviderRequest {
        ProviderRequest(
            record: RecordID(high: 1, low: 1), endpoint: .chatCompletions, isStream: isStream, askedForUsage: false,
            bodyLength: 0, snapshot: 1,
            calls: [ProviderRequest.Call(target: Target(provider: 0, model: Array(model.utf8)), splices: [])])
    }

    private let one = ProviderSettings(name: "one", kind: .server(.openai, baseURL: "http://127.0.0.1:1/v1"))
    private let two = ProviderSettings(name: "two", kind: .simulated(delay: 0, tokensPerSecond: 0))

    @Test
    func anUnchangedProviderKeepsItsPoolOverAReload() {
        var history = ProviderHistory(MetricPage())
        history.add(self.snapshot(1, [self.one, self.two]), at: 0)
        var changed = self.two
        changed.timeouts.idle = 1
        history.add(self.snapshot(2, [changed, self.one]), at: 0)
        let first = history.providers(of: 1)
        let second = history.providers(of: 2)
        #expect(first?.pools[0] === second?.pools[1])
        #expect(first?.pools[1] !== second?.pools[0])
        #expect(second?.pools[0].settings.timeouts.idle == 1)
        // What a provider counts goes on, whichever version of it counted.
        #expect(first?.pools[1].attempts === second?.pools[0].attempts)
    }

    @Test
    func olderVersionsAreKeptForAWhile() {
        var history = ProviderHistory(MetricPage())
        for version in UInt64(1)...6 { history.add(self.snapshot(version, [self.one]), at: version) }
        #expect(history.latest?.version == 6)
        #expect(history.alive == 6)
        #expect(history.providers(of: 1) != nil)
        #expect(history.providers(of: 7) == nil)
        // 1 was the newest until 2.
        history.retire(at: 2 + ProviderHistory.patience)
        #expect(history.providers(of: 1) == nil)
        #expect(history.providers(of: 2) != nil)
        history.retire(at: 100 + ProviderHistory.patience)
        #expect(history.alive == 2)
        #expect(history.providers(of: 5) != nil)
        #expect(history.latest?.version == 6)
    }

    @Test
    func aRunningRequestKeepsItsOwn() {
        var history = ProviderHistory(MetricPage())
        history.add(self.snapshot(1, [self.one]), at: 0)
        let pinned = history.providers(of: 1)
        for version in UInt64(2)...4 { history.add(self.snapshot(version, [self.two]), at: 0) }
        history.retire(at: ProviderHistory.patience)
        #expect(history.providers(of: 1) == nil)
        #expect(history.alive == 3)
        #expect(pinned?.pools.first?.settings == self.one)
        withExtendedLifetime(pinned) {}
    }

    @Test
    func whatWasTakenBackIsOneOfTheOlder() {
        var history = ProviderHistory(MetricPage())
        history.add(self.snapshot(1, [self.one]), at: 0)
        history.add(self.snapshot(2, [self.two]), at: 0)
        history.add(self.snapshot(1, [self.one]), at: 0)
        #expect(history.latest?.version == 1)
        #expect(history.latest?.pools.first?.settings == self.one)
        #expect(history.providers(of: 2)?.pools.first?.settings == self.two)
    }

    @Test
    func aWorkerThatStartsKnowsPlansOfTheConfigurationBefore() {
        var history = ProviderHistory(MetricPage())
        var snapshot = self.snapshot(7, [self.two, self.one])
        snapshot.earlier = UpstreamSnapshot.Earlier(version: 6, providers: [self.one], prices: [])
        history.add(snapshot, at: 0)
        #expect(history.latest?.version == 7)
        #expect(history.providers(of: 6)?.pools.first === history.latest?.pools[1])
        history.retire(at: ProviderHistory.patience)
        #expect(history.alive == 2)
    }

    @Test
    func theSimulatedProviderHasNoTarget() {
        let pool = ProviderPool(self.two, attempts: AttemptCounter())
        #expect(pool.route(.chatCompletions).target(isStream: true, model: Array("m".utf8), key: 0) == nil)
        let server = ProviderPool(self.one, attempts: AttemptCounter())
        #expect(server.route(.embeddings).target(isStream: false, model: Array("m".utf8), key: 0) != nil)
    }

    @Test
    func targetsOfDeploymentsAreKeptUpToABound() throws {
        var settings = self.one
        settings.kind = .server(.azure, baseURL: "http://127.0.0.1:1")
        settings.apiVersion = "2024-10-21"
        let route = ProviderPool(settings, attempts: AttemptCounter()).route(.chatCompletions)
        let first = try #require(route.target(isStream: false, model: Array("first".utf8), key: 0))
        #expect(route.target(isStream: false, model: Array("first".utf8), key: 0) === first)
        #expect(route.target(isStream: true, model: Array("first".utf8), key: 0) !== first)
        #expect(route.target(isStream: false, model: Array("other".utf8), key: 0) !== first)
        for number in 0..<DeploymentTargets.maximum {
            _ = route.target(isStream: false, model: Array("m\(number)".utf8), key: 0)
        }
        #expect(route.target(isStream: false, model: Array("first".utf8), key: 0) !== first)
        let targets = DeploymentTargets { _ in first }
        for number in 0..<3 * DeploymentTargets.maximum { _ = targets[Array("m\(number)".utf8)] }
        #expect(targets.count == DeploymentTargets.maximum)
    }

    /// What is read of a request takes a multiple of its memory.
    @Test
    func aRequestThatIsTooLongIsNotTranslated() {
        let route = ProviderPool(self.one, attempts: AttemptCounter()).route(.messages)
        let body = [UInt8](repeating: 0x20, count: ProviderRoute.maximumBody + 1)
        let request = self.request()
        #expect {
            _ = try route.prepare(.bytes(body), route.context(for: request, request.calls[0]), DialectReader())
        } throws: { ($0 as? GatewayError)?.status == 413 }
    }

    @Test
    func outcomesAreCounted() {
        let counter = AttemptCounter()
        #expect(counter.totals.isEmpty)
        counter.count(nil, .yes)
        counter.count("b", .no)
        counter.count("a", .no)
        counter.count(nil, .yes)
        #expect(counter.totals.map(\.outcome) == ["ok", "a", "b"])
        #expect(counter.totals.map(\.count) == [2, 1, 1])
    }

    @Test
    func theRecordNamesTheRequestToTheProvider() {
        let record = RecordID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect(
            String(decoding: record.clientRequestID(2), as: UTF8.self)
                == "x-client-request-id: 0123456789abcdeffedcba9876543210-2")
    }
}
