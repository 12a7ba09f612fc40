import Domain
import Foundation
import IPC
import Limits
import Platform
import Resilience
import Metrics
import Testing

@testable import UpstreamWorker

@Suite struct RequestHealthTests {
    private func provider(
        _ name: String = "p", keys: [ProviderKey] = [], concurrency: UInt32? = nil,
        breaker: BreakerSettings = BreakerSettings(failures: 3, errorRate: 0, open: 20_000), connections: UInt32 = 1024
    ) -> ProviderSettings {
        ProviderSettings(
            name: name, kind: .server(.openai, baseURL: "http://127.0.0.1:1/v1"), keys: keys,
            maxConnections: connections, concurrency: concurrency, breaker: breaker)
    }

    private func key(
        _ name: String, weight: UInt32 = 1, requests: UInt32? = nil, tokens: UInt32? = nil
    ) -> ProviderKey {
        ProviderKey(
            name: name, value: Secret(Array("sk-\(name)".utf8)), weight: weight, requestsPerMinute: requests,
            tokensPerMinute: tokens)
    }

    private func isOpen(_ standing: CallStanding) -> Bool {
        if case .breakerOpen(let wait) = standing { wait > 0 } else { false }
    }

    @Test func aPlainCallTakesNothing() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider()])
        #expect(worker.standing() == .free)
        for _ in 0..<100 { #expect(worker.succeed()) }
        #expect(worker.health.owner?.openHolds == 0)
        #expect(worker.request().latency(of: 0) == 5_000_000)
        #expect(worker.request().load(of: 0) == 0)
        #expect(try scene.reader().latency(.provider("p")) == 5_000)
        let time = try #require(worker.request().firstTokenTime(of: 0, percent: 95))
        #expect(time > 4_500_000 && time < 6_000_000)
        #expect(worker.request().latency(of: 1) == nil && worker.request().standing(of: 5, at: 0) == .keysOut)
    }

    @Test func aBreakerThatOneOpensIsOpenForAll() throws {
        let scene = try HealthScene()
        let workers = try (7..<11).map { try scene.worker(UInt32($0), [self.provider()]) }
        for _ in 0..<3 { #expect(workers[0].fail(.connect)) }
        for worker in workers {
            #expect(self.isOpen(worker.standing()) && !worker.succeed())
            // Other models of the provider too: it is the provider that fails.
            #expect(self.isOpen(worker.standing(model: "other")))
        }
        #expect(workers[0].health.counters.page.series().count { $0.name == MetricCatalogue.breakersOpened.name } == 2)
        let reader = try scene.reader()
        guard case .open = reader.breaker(.provider("p")) else { return #expect(Bool(false)) }
        guard case .open = reader.breaker(.target(provider: "p", model: [0x6D])) else { return #expect(Bool(false)) }
        #expect(reader.breaker(.target(provider: "p", model: [0x6E])) == .closed)
    }

    @Test func oneModelFails() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider()])
        let other = try scene.worker(8, [self.provider()])
        for _ in 0..<3 {
            worker.fail(.status(500), model: "bad")
            other.succeed(model: "good")
        }
        #expect(self.isOpen(other.standing(model: "bad")) && other.standing(model: "good") == .free)
        // What is no fault of the provider does not count.
        for _ in 0..<10 {
            for status: UInt16 in [400, 404, 422, 408] { worker.fail(.status(status), model: "good") }
            worker.fail(.own, model: "good")
        }
        #expect(worker.standing(model: "good") == .free)
    }

    @Test func oneProbesAndTheOthersWait() throws {
        let scene = try HealthScene()
        let breaker = BreakerSettings(failures: 1, errorRate: 0, open: 20, longestOpen: 20)
        let workers = try (7..<10).map { try scene.worker(UInt32($0), [self.provider(breaker: breaker)]) }
        func waitUntilDue() {
            let end = Clocks.monotonicNanoseconds() + 5_000_000_000
            while workers[0].standing() != .free, Clocks.monotonicNanoseconds() < end { usleep(1_000) }
        }
        #expect(workers[0].fail(.firstToken))
        waitUntilDue()
        let probe = workers[1].request()
        #expect(probe.take(0, attempt: 1, avoiding: KeySet(), at: 0) == .taken(key: 0))
        for worker in workers {
            #expect(self.isOpen(worker.standing()))
            guard case .refused(.breakerOpen) = worker.request().take(0, attempt: 1, avoiding: KeySet(), at: 0) else {
                return #expect(Bool(false))
            }
        }
        // A client that leaves shows nothing; the next one may probe.
        probe.ended(1, tokens: nil, at: 0)
        #expect(workers[2].fail(.stalled))
        #expect(self.isOpen(workers[0].standing()))
        waitUntilDue()
        #expect(workers[0].succeed() && workers[1].standing() == .free)
        #expect(workers[1].fail(.reset) && self.isOpen(workers[0].standing()))
    }

    @Test func aRateOpensToo() throws {
        let scene = try HealthScene()
        let breaker = BreakerSettings(failures: 0, errorRate: 50, requests: 20, window: 60_000, open: 10_000)
        let worker = try scene.worker(7, [self.provider(breaker: breaker)])
        let other = try scene.worker(8, [self.provider(breaker: breaker)])
        for number in 0..<20 { #expect(number % 2 == 0 ? worker.succeed() : other.fail(.status(529)), "\(number)") }
        #expect(self.isOpen(worker.standing()))
    }

    @Test func whatIsLateIsCountedOnce() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider(breaker: BreakerSettings(failures: 2, errorRate: 0))])
        for _ in 0..<2 {
            let request = worker.request()
            _ = request.take(0, attempt: 1, avoiding: KeySet(), at: 0)
            request.answered(1, firstContent: 1_000)
            request.answered(1, firstContent: 1_000)
            request.failed(1, CallFailure(.stalled, hadContent: true))
            request.failed(1, CallFailure(.stalled, hadContent: true))
            request.ended(1, tokens: 3, at: 0)
            request.ended(1, tokens: 3, at: 0)
            request.failed(1, CallFailure(.stalled))
        }
        // Each began well: that is no row of failures.
        #expect(worker.standing() == .free && worker.request().load(of: 0) == 0)
    }

    // MARK: Keys

    @Test func aKeyCoolsForAll() throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a"), self.key("b")])]
        let (worker, other) = (try scene.worker(7, settings), try scene.worker(8, settings))
        var used: Set<UInt8> = []
        for _ in 0..<50 {
            let request = worker.request()
            guard case .taken(let key) = request.take(0, attempt: 1, avoiding: KeySet(), at: 0) else { continue }
            used.insert(key)
            request.ended(1, tokens: 0, at: 0)
        }
        #expect(used == [0, 1])
        #expect(worker.fail(.status(429), after: 50_000_000_000))
        var keys: Set<UInt8> = []
        for _ in 0..<20 {
            let request = other.request()
            guard case .taken(let key) = request.take(0, attempt: 1, avoiding: KeySet(), at: 0) else { continue }
            keys.insert(key)
            request.ended(1, tokens: 0, at: 0)
        }
        #expect(keys.count == 1)
        #expect(other.fail(.status(429)))
        guard case .keysCooling(let wait) = worker.standing() else { return #expect(Bool(false)) }
        #expect(wait > 0 && wait <= 1_000_000_000)
        #expect(!worker.succeed() && !other.succeed())
    }

    @Test func aKeyThatIsRefusedGoesOutUntilAReload() throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a"), self.key("b")])]
        let worker = try scene.worker(7, settings)
        #expect(worker.fail(.status(401)) && worker.fail(.status(402)))
        let other = try scene.worker(8, settings)
        #expect(other.standing() == .keysOut && !other.succeed())
        let reader = try scene.reader()
        guard case .out(_, let wait) = reader.key(.key(provider: "p", value: Secret(Array("sk-a".utf8))), snapshot: 1)
        else { return #expect(Bool(false)) }
        #expect(wait > 50_000)
        let reloaded = try scene.worker(9, settings, version: 2)
        #expect(reloaded.standing() == .free && reloaded.succeed())
        #expect(other.standing() == .keysOut)
    }

    @Test func aKeyMayBeRefusedForOneModel() throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a")])]
        let (worker, other) = (try scene.worker(7, settings), try scene.worker(8, settings))
        #expect(worker.fail(.status(403), model: "closed"))
        #expect(other.standing(model: "closed") == .keysOut && other.standing(model: "open") == .free)
        #expect(other.succeed(model: "open") && !other.succeed(model: "closed"))
        #expect(try scene.reader().hasRefusedModels(.key(provider: "p", value: Secret(Array("sk-a".utf8)))))
    }

    @Test func aKeyIsNotBlamedForWhatWasAsked() throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a")])]
        let worker = try scene.worker(7, settings)
        let request = worker.request()
        #expect(request.take(0, attempt: 1, avoiding: KeySet(), at: 0) == .taken(key: 0))
        var failure = CallFailure(.status(403))
        failure.blamesRequest = true
        request.failed(1, failure)
        request.ended(1, tokens: 0, at: 0)
        #expect(worker.standing() == .free)
        #expect(try !scene.reader().hasRefusedModels(.key(provider: "p", value: Secret(Array("sk-a".utf8)))))
    }

    /// Clients can make up any number of models: the board has entries for those that there are.
    @Test func modelsThatThereAreNotTakeNoRoom() throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a")])]
        let worker = try scene.worker(7, settings)
        #expect(worker.succeed())
        let taken = try scene.reader().boardRoom().taken
        for number in 0..<100 { #expect(worker.fail(.status(404), model: "m\(number)")) }
        #expect(try scene.reader().boardRoom().taken == taken)
    }

    @Test func keysThatFailedThisRequestAreAvoided() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider(keys: [self.key("a"), self.key("b")])])
        let request = worker.request()
        var avoided = KeySet()
        avoided.insert(0)
        for number in UInt8(1)...9 {
            #expect(request.take(0, attempt: number, avoiding: avoided, at: 0) == .taken(key: 1))
            request.ended(number, tokens: 0, at: 0)
        }
        avoided.insert(1)
        #expect(request.take(0, attempt: 10, avoiding: avoided, at: 0) == .refused(.keysCooling(0)))
        #expect(request.keyName(place: 0, key: 1) == "b" && request.keyName(place: 0, key: 9).isEmpty)
    }

    @Test func whatTheProviderSaysIsLeftIsKept() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider(keys: [self.key("a")])])
        let request = worker.request()
        _ = request.take(0, attempt: 1, avoiding: KeySet(), at: 0)
        request.answered(1, firstContent: 1)
        request.keyRests(1, for: 30_000_000_000)
        request.ended(1, tokens: 1, at: 0)
        guard case .keysCooling(let wait) = worker.standing() else { return #expect(Bool(false)) }
        #expect(wait > 25_000_000_000)
    }

    // MARK: Limits

    /// Four processes, as it were, at one key.
    @Test func aKeyGetsExactlyWhatItMay() async throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a", requests: 40)])]
        let counts = await withTaskGroup(of: Int.self) { group in
            for instance: UInt32 in 7..<11 {
                let path = scene.state.path
                group.addTask {
                    guard let worker = try? HealthWorker(path, instance, settings, 1) else { return -1_000 }
                    return (0..<100).count { _ in worker.succeed() }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.reduce(0, +) == 40, "\(counts)")
        let worker = try scene.worker(20, settings)
        guard case .refused(.keysLimited(let wait)) = worker.request().take(0, attempt: 1, avoiding: KeySet(), at: 0)
        else { return #expect(Bool(false)) }
        #expect(wait > 0 && wait <= 120_000_000_000)
    }

    @Test func tokensAreHeldAndSettled() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider(keys: [self.key("a", tokens: 1_000)])])
        // 400 bytes and a short output.
        let requests = (0..<3).map { _ in worker.request() }
        let first = requests.map { $0.take(0, attempt: 1, avoiding: KeySet(), at: 0) }
        #expect(first[0] == .taken(key: 0) && first[1] == .taken(key: 0))
        guard case .refused(.keysLimited) = first[2] else { return #expect(Bool(false)) }
        requests[0].ended(1, tokens: 30, at: 0)
        #expect(requests[2].take(0, attempt: 2, avoiding: KeySet(), at: 0) == .taken(key: 0))
        requests[1].ended(1, tokens: 900, at: 0)
        requests[2].ended(2, tokens: nil, at: 0)
        guard case .refused(.keysLimited) = worker.request().take(0, attempt: 1, avoiding: KeySet(), at: 0) else {
            return #expect(Bool(false))
        }
    }

    /// The guess is made from the body's length: a picture looks like more tokens than any key has.
    @Test func aGuessBeyondWhatAKeyMayUseIsNoObstacleForEver() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider(keys: [self.key("a", tokens: 100)])])
        let request = worker.request()
        #expect(request.take(0, attempt: 1, avoiding: KeySet(), at: 0) == .taken(key: 0))
        guard case .refused(.keysLimited) = worker.request().take(0, attempt: 1, avoiding: KeySet(), at: 0) else {
            return #expect(Bool(false))
        }
        request.ended(1, tokens: 0, at: 0)
        #expect(worker.succeed())
    }

    @Test func concurrencyIsOverAllUpstreams() async throws {
        let scene = try HealthScene()
        let settings = [self.provider(keys: [self.key("a", requests: 1_000_000)], concurrency: 3)]
        let workers = try (7..<11).map { try scene.worker(UInt32($0), settings) }
        var running: [RequestHealth] = []
        for worker in workers {
            let request = worker.request()
            let taking = request.take(0, attempt: 1, avoiding: KeySet(), at: 0)
            if taking == .taken(key: 0) { running.append(request) } else { #expect(taking == .refused(.busy)) }
        }
        #expect(running.count == 3)
        running[0].ended(1, tokens: 1, at: 0)
        #expect(workers[3].succeed())
    }

    @Test func oneWorkerHasItsShareOfTheConnections() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider(concurrency: 5, connections: 2)])
        let requests = (0..<3).map { _ in worker.request() }
        let takings = requests.map { $0.take(0, attempt: 1, avoiding: KeySet(), at: 0) }
        #expect(takings == [.taken(key: 0), .taken(key: 0), .refused(.busy)])
        #expect(worker.standing() == .busy)
        requests[1].ended(1, tokens: nil, at: 0)
        #expect(worker.standing() == .free)
    }

    // MARK: Budgets and load

    @Test func retriesAreBudgetedByProvider() throws {
        let scene = try HealthScene()
        let settings = [self.provider("p"), self.provider("q")]
        let (worker, other) = (try scene.worker(7, settings), try scene.worker(8, settings))
        func retries(_ worker: HealthWorker) -> Int {
            let request = worker.request(2)
            _ = request.take(0, attempt: 1, avoiding: KeySet(), at: 0)
            defer { request.ended(1, tokens: 0, at: 0) }
            return (0..<1_000).count { _ in request.takeRetry(of: 0, at: 0) }
        }
        let count = retries(worker)
        #expect(count == 10)
        #expect(retries(other) == 0)
        let request = other.request(2)
        _ = request.take(1, attempt: 1, avoiding: KeySet(), at: 0)
        #expect(request.takeRetry(of: 1, at: 0) && request.takeHedge(at: 0))
    }

    @Test func hedgesAreCountedByWhoWasFirst() throws {
        let scene = try HealthScene()
        let worker = try scene.worker(7, [self.provider()])
        for first in [UInt8(1), 2, 0] {
            let request = worker.request()
            #expect(request.take(0, attempt: 1, avoiding: KeySet(), at: 0) == .taken(key: 0))
            #expect(request.takeHedge(at: 0))
            #expect(request.take(0, attempt: 2, avoiding: KeySet(), at: 0) == .taken(key: 0))
            if first > 0 { request.answered(first, firstContent: 1) }
            request.outrun(first == 1 ? 2 : 1, after: 900_000_000)
            request.ended(1, tokens: 0, at: 0)
            request.ended(2, tokens: 0, at: 0)
        }
        let hedges = worker.health.counters.page.series().filter { $0.name == "sluice_provider_hedges_total" }
        #expect(Set(hedges.map { $0.labels[0].value }) == ["won", "lost", "failed"])
        #expect(hedges.allSatisfy { $0.value == .counter(1) })
    }

    @Test func onlyTheFirstUpstreamTellsOfOpenBreakers() throws {
        let scene = try HealthScene()
        let workers = try (7..<10).map { try scene.worker(UInt32($0), [self.provider()]) }
        func counts() -> [Int] { workers.map { $0.health.openBreakers.reduce(0) { $0 + $1.count } } }
        for worker in workers { worker.succeed() }
        #expect(counts() == [0, 0, 0])
        for _ in 0..<3 { workers[1].fail(.connect) }
        #expect(counts() == [2, 0, 0])
        workers[0].health.use(nil)
        workers[0].seat.leave()
        #expect(counts() == [0, 2, 0])
    }

    @Test func loadIsThatOfAll() throws {
        let scene = try HealthScene()
        let workers = try (7..<11).map { try scene.worker(UInt32($0), [self.provider()]) }
        workers[0].succeed()
        let requests = workers.map { $0.request() }
        for request in requests { _ = request.take(0, attempt: 1, avoiding: KeySet(), at: 0) }
        #expect(workers.allSatisfy { $0.request().load(of: 0) == 4 })
        #expect(try scene.reader().running(.provider("p")) == 4)
        requests[2].ended(1, tokens: nil, at: 0)
        #expect(workers[1].request().load(of: 0) == 3)
        workers[0].seat.leave()
        #expect(workers[1].request().load(of: 0) == 2)
    }

    @Test func withoutATableNothingIsKnown() {
        let health = SharedHealth()
        let settings = self.provider(keys: [self.key("a", requests: 1)], connections: 2)
        let set = ProviderSet(
            UpstreamSnapshot(version: 1, providers: [settings], logLevel: .error), previous: nil
        ) { _ in AttemptCounter() }
        let request = health.health(
            of: .init(
                record: RecordID(high: 1, low: 1), endpoint: .chatCompletions, isStream: false, askedForUsage: false,
                bodyLength: 1, snapshot: 1, calls: [.init(target: Target(provider: 0, model: []), splices: [])]),
            in: set)
        for number in UInt8(1)...2 {
            #expect(request.take(0, attempt: number, avoiding: KeySet(), at: 0) == .taken(key: 0))
            request.failed(number, CallFailure(.connect))
        }
        #expect(request.take(0, attempt: 3, avoiding: KeySet(), at: 0) == .refused(.busy))
        #expect(request.load(of: 0) == 2 && request.latency(of: 0) == nil && request.takeRetry(of: 0, at: 0))
        request.ended(1, tokens: 1, at: 0)
        #expect(request.standing(of: 0, at: 0) == .free)
    }
}
