import Domain
import Testing

@testable import Supervisor

@Suite struct RestartThrottleTests {
    @Test func theWaitDoublesToThirtySeconds() {
        var throttle = RestartThrottle()
        let waits = (0..<11).map { _ in throttle.delay(readyFor: nil) }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    }

    @Test func aProcessThatLastedStartsAnew() {
        var throttle = RestartThrottle()
        #expect(throttle.delay(readyFor: 9999) == 100)
        #expect(throttle.delay(readyFor: 9999) == 200)
        #expect(throttle.delay(readyFor: 10_000) == 100)
        #expect(throttle.delay(readyFor: 0) == 200)
    }

    /// However often somebody kills all there are of a role, it is back within a second.
    @Test func oneThatHasServedIsBackWithinASecond() {
        var throttle = RestartThrottle()
        let waits = (0..<7).map { _ in throttle.delay(readyFor: 1000) }
        #expect(waits == [100, 200, 400, 800, 1000, 1000, 1000])
        #expect((0..<6).map { _ in throttle.delay(readyFor: 999) } == [1000, 2000, 4000, 8000, 16_000, 30_000])
        #expect((0..<2).map { _ in throttle.delay(readyFor: 1000) } == [1000, 1000])
    }

    @Test func aRefusalIsNotTriedSoonAgain() {
        var throttle = RestartThrottle()
        #expect(throttle.delayAfterRefusal() == 30_000)
        #expect(throttle.delay(readyFor: nil) == 30_000)
        #expect(throttle.delay(readyFor: 60_000) == 100)
    }
}

@Suite struct CrashWindowTests {
    @Test func fiveInAMinuteAreDegraded() {
        var window = CrashWindow()
        #expect((0..<4).map { window.crashed(at: $0 * 1000) } == [false, false, false, false])
        #expect(window.deadline == nil)
        #expect(window.crashed(at: 59_999) == true)
        #expect(window.isDegraded)
        // Said once.
        #expect(window.crashed(at: 59_999) == false)
        #expect(window.deadline == 61_000)
        #expect(window.cleared(at: 60_999) == false)
        #expect(window.cleared(at: 61_000) == true)
        #expect(window.cleared(at: 61_000) == false)
        #expect(!window.isDegraded)
        // And again.
        #expect(window.crashed(at: 61_001) == true)
    }

    @Test func slowCrashesAreNot() {
        var window = CrashWindow()
        for index in 0..<100 { #expect(window.crashed(at: UInt64(index) * 15_000) == false) }
    }
}

@Suite struct LinkBrokerTests {
    @Test func thePairsAreThoseOfTheDesign() {
        let edges = [Seat(role: .edge, index: 0), Seat(role: .edge, index: 1)]
        let upstreams = [Seat(role: .upstream, index: 0), Seat(role: .upstream, index: 1)]
        let all = [.control, .aggregator] + upstreams + edges
        #expect(LinkBroker.peers(of: edges[0], among: all) == [.control, .aggregator] + upstreams)
        #expect(LinkBroker.peers(of: upstreams[1], among: all) == [.aggregator] + edges)
        #expect(LinkBroker.peers(of: .aggregator, among: all) == upstreams + edges)
        #expect(LinkBroker.peers(of: .control, among: all) == edges)
    }
}
