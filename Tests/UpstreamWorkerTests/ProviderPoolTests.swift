import Domain
import Testing

@testable import UpstreamWorker

@Suite
struct ProviderPoolTests {
    private func snapshot(_ version: UInt64, _ providers: [ProviderSettings]) -> UpstreamSnapshot {
        UpstreamSnapshot(version: version, providers: providers, logLevel: .info)
    }

    private let one = ProviderSettings(name: "one", kind: .openAI(baseURL: "http://127.0.0.1:1/v1"))
    private let two = ProviderSettings(name: "two", kind: .simulated(delay: 0, tokensPerSecond: 0))

    @Test
    func anUnchangedProviderKeepsItsPoolOverAReload() {
        var history = ProviderHistory()
        history.add(self.snapshot(1, [self.one, self.two]))
        var changed = self.two
        changed.timeouts.idle = 1
        history.add(self.snapshot(2, [changed, self.one]))
        let first = history.providers(of: 1)
        let second = history.providers(of: 2)
        #expect(first?.pools[0] === second?.pools[1])
        #expect(first?.pools[1] !== second?.pools[0])
        #expect(second?.pools[0].settings.timeouts.idle == 1)
        // What a provider counts goes on, whichever version of it counted.
        #expect(first?.pools[1].attempts === second?.pools[0].attempts)
    }

    @Test
    func afewVersionsAreKept() {
        var history = ProviderHistory()
        for version in 1...6 { history.add(self.snapshot(UInt64(version), [self.one])) }
        #expect(history.latest?.version == 6)
        #expect(history.providers(of: 2) == nil)
        #expect(history.providers(of: 3) != nil)
        #expect(history.providers(of: 7) == nil)
    }

    @Test
    func theSimulatedProviderHasNoTarget() {
        let pool = ProviderPool(self.two, attempts: AttemptCounter())
        #expect(pool.target(.chatCompletions, isStream: true) == nil)
        #expect(ProviderPool(self.one, attempts: AttemptCounter()).target(.embeddings, isStream: false) != nil)
    }

    @Test
    func outcomesAreCounted() {
        let counter = AttemptCounter()
        #expect(counter.totals.isEmpty)
        counter.count(nil, .yes)
        counter.count("b", .no)
        counter.count("a", .no)
        counter.count(nil, .yes)
        #expect(counter.totals.map(\.key.outcome) == ["ok", "a", "b"])
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
