import Domain
import Limits
import Platform
import Testing

@testable import UpstreamWorker

/// What operators see of the requests that wait.
@Suite struct WaitingTests {
    @Test func thoseOfAllProcessesAreAddedUp() throws {
        let scene = try HealthScene()
        let providers = [ProviderSettings(name: "p", kind: .server(.openai, baseURL: "http://p.example"))]
        let first = try scene.worker(7, providers)
        let second = try scene.worker(8, providers)
        let counter = AttemptCounter()
        first.health.say(waiting: ["p": counter, "other": AttemptCounter()])
        #expect(try scene.reader().waiting("p") == 0)
        #expect(try scene.reader().boardRoom().taken == 0, "nobody has waited: no entry is taken")
        for _ in 0..<3 { counter.queue.entered() }
        for worker in [first, second] { worker.health.say(waiting: ["p": counter]) }
        #expect(try scene.reader().waiting("p") == 6)
        for _ in 0..<3 { counter.queue.left() }
        first.health.say(waiting: ["p": counter])
        #expect(try scene.reader().waiting("p") == 3)
        // What a process that has gone said counts no more.
        second.seat.leave()
        #expect(try scene.reader().waiting("p") == 0)
        #expect(try scene.reader().waiting("other") == 0)
    }

    @Test func whoIsShortOfPlacesIsKnownToAll() throws {
        let scene = try HealthScene()
        let providers = ["p", "q"].map {
            ProviderSettings(name: $0, kind: .server(.openai, baseURL: "http://p.example"))
        }
        let first = try scene.worker(7, providers)
        let second = try scene.worker(8, providers)
        let places = SharedPlaces(first.health, "p")
        let seen = SharedPlaces(second.health, "p")
        #expect(!places.isOneShort && !seen.isOneShort)
        places.sayShort()
        #expect(seen.isOneShort)
        #expect(!SharedPlaces(second.health, "q").isOneShort)
        let end = Clocks.monotonicNanoseconds() + 5_000_000_000
        while seen.isOneShort, Clocks.monotonicNanoseconds() < end {}
        #expect(!seen.isOneShort, "it is not for long")
        // Without a table nobody is there to hear it.
        let alone = SharedPlaces(SharedHealth(), "p")
        alone.sayShort()
        #expect(!alone.isOneShort)
    }
}
