import Domain
import Resilience
import Testing

/// The second call beside a slow one.
@Suite struct DispatchHedgeTests {
    static let ms: UInt64 = 1_000_000

    private func slow(_ places: Int = 2, retries: UInt8 = 2) -> DispatchRun {
        let run = DispatchRun(places, retries: retries, hedge: .time(400))
        #expect(run.begin() == .call(1, 0))
        #expect(run.deadline == 400)
        return run
    }

    /// Both run.
    private func hedged(_ places: Int = 2, retries: UInt8 = 2) -> DispatchRun {
        let run = self.slow(places, retries: retries)
        #expect(run.waited() == .ask(2, places > 1 ? 1 : 0, .hedge))
        #expect(run.deadline == nil)
        run.now += 1
        #expect(run.granted(true) == .call(2, places > 1 ? 1 : 0))
        #expect(run.machine.running.map(\.number) == [1, 2])
        return run
    }

    @Test func theFirstWithContentWins() {
        let run = self.hedged()
        #expect(run.hasContent(2) == [1])
        #expect(run.machine.running.map(\.number) == [2])
        #expect(run.trail == ["called 0 1", "hedged 1 2", "hedgeLost 0 1"])
        #expect(run.failed(1, CallFailure(.own)) == .wait)
        #expect(run.hasContent(1) == [])
        #expect(run.failed(2, CallFailure(.stalled)) == .giveUp)
        let other = self.hedged()
        #expect(other.hasContent(1) == [2])
    }

    @Test func aHedgeThatCannotBeMadeLeavesTheRetries() {
        let run = self.hedged(3)
        #expect(run.failed(2, CallFailure(.own)) == .wait)
        #expect(run.failed(1, 503) == .call(3, 2))
    }

    @Test func contentInTimeNeedsNone() {
        let run = self.slow()
        run.now = 399
        #expect(run.timePassed() == .wait)
        #expect(run.hasContent(1) == [])
        #expect(run.deadline == nil)
        #expect(run.timePassed() == .wait)
        #expect(run.places.hedgesTaken == 0)
        #expect(run.trail.isEmpty)
    }

    @Test func theSamePlaceWhereThereIsNoOther() {
        let run = self.hedged(1)
        #expect(run.hasContent(2) == [1])
        let busy = self.slow()
        busy.places.standings = [1: .busy]
        #expect(busy.waited() == .ask(2, 0, .hedge))
        let overtaken = self.slow()
        overtaken.places.overtaken = [1: .busy]
        #expect(overtaken.waited() == .ask(2, 0, .hedge))
        #expect(overtaken.places.hedgesTaken == 1)
        let full = self.slow()
        full.places.standings = [0: .busy, 1: .breakerOpen(1)]
        #expect(full.waited() == .giveUp || full.machine.running.count == 1)
        #expect(full.deadline == nil)
        #expect(full.places.hedgesTaken == 0)
    }

    @Test func theBudgetIsSpent() {
        let run = self.slow()
        run.places.hedgesLeft = 0
        #expect(run.waited() == .wait)
        #expect(run.deadline == nil)
        #expect(run.trail.last == "hedgeBudgetSpent 0 0")
        #expect(run.failed(1, 500) == .call(2, 1))
    }

    @Test func theEdgeAllowsNone() {
        let run = self.slow()
        _ = run.waited()
        #expect(run.granted(false) == .wait)
        #expect(run.machine.running.map(\.number) == [1])
        // The other place is as good as before; only the number is gone.
        #expect(run.failed(1, 500) == .call(3, 1))
    }

    @Test func contentWhileItIsAskedFor() {
        let run = self.slow()
        _ = run.waited()
        #expect(run.hasContent(1) == [])
        #expect(run.granted(true) == .wait)
        #expect(run.machine.running.map(\.number) == [1])
    }

    @Test func aFailureWhileItIsAskedFor() {
        let run = self.slow()
        _ = run.waited()
        #expect(run.failed(1, 500) == .wait)
        #expect(run.granted(true) == .call(2, 1))
        #expect(run.machine.running.map(\.number) == [2])
        // Not counted as a retry: two are left.
        #expect(run.failed(2, 500) == .wait)
        #expect(run.waited() == .call(3, 0))
        // Refused, the next attempt is one that needs no leave.
        let refused = self.slow()
        _ = refused.waited()
        #expect(refused.failed(1, 500) == .wait)
        #expect(refused.granted(false) == .call(3, 1))
        // Final, there is none.
        let final = self.slow()
        _ = final.waited()
        #expect(final.failed(1, 400) == .giveUp)
        #expect(final.granted(true) == .wait)
    }

    @Test func adviceForbidsOneThatIsAskedFor() {
        let run = self.slow(1)
        run.random = 0
        _ = run.waited()
        #expect(run.failed(1, 503, after: 3_000) == .wait)
        #expect(run.granted(true) == .wait)
        #expect(run.deadline == 3_400)
        #expect(run.waited() == .call(3, 0))
        // A limited key as well.
        let limited = self.slow(1)
        _ = limited.waited()
        #expect(limited.failed(1, 429, after: 3_000) == .wait)
        #expect(limited.granted(true) == .wait)
        #expect(limited.deadline == 3_400)
    }

    @Test func aFailureBesideARunningCallWaitsForIt() {
        let run = self.hedged(3)
        #expect(run.failed(1, 500) == .wait)
        #expect(run.machine.running.map(\.number) == [2])
        #expect(run.hasContent(2) == [])
        let both = self.hedged(3)
        #expect(both.failed(2, 500) == .wait)
        #expect(both.failed(1, 500) == .call(3, 2))
        // One hedge for each request.
        #expect(both.deadline == nil)
        // The request's own fault stays one.
        let final = self.hedged(3)
        #expect(final.failed(2, 400) == .wait)
        #expect(final.failed(1, 500) == .giveUp)
    }

    @Test func aRetryIsHedgedWhereTheFirstWasNot() {
        let run = self.slow(3)
        run.now = 100
        #expect(run.failed(1, 500) == .call(2, 1))
        #expect(run.deadline == 500)
        #expect(run.waited() == .ask(3, 2, .hedge))
    }

    @Test func theTokensOfBothAreAccountedFor() {
        // The first may be billed, the hedge's leave is not used: the next needs none.
        let run = self.hedged(3)
        #expect(run.failed(1, CallFailure(.firstToken, billed: .unknown)) == .wait)
        #expect(run.failed(2, CallFailure(.status(500))) == .call(3, 2))
        let both = self.hedged(3)
        #expect(both.failed(1, CallFailure(.firstToken, billed: .unknown)) == .wait)
        #expect(both.failed(2, CallFailure(.firstToken, billed: .unknown)) == .ask(3, 2, .otherTarget))
    }

    @Test func percentiles() {
        let run = DispatchRun(2, hedge: .percentile(95))
        run.places.percentiles = [0: 700 * Self.ms]
        _ = run.begin()
        #expect(run.deadline == 700)
        let unknown = DispatchRun(2, hedge: .percentile(95))
        _ = unknown.begin()
        #expect(unknown.deadline == nil)
        let endless = DispatchRun(2, hedge: .time(.max))
        _ = endless.begin()
        #expect(endless.deadline == nil)
    }

    @Test func noneBeyondNineAttempts() {
        let run = DispatchRun(16, retries: 8, hedge: .time(400))
        _ = run.begin()
        for number in UInt8(1)...8 { _ = run.failed(number, 500) }
        #expect(run.machine.running.map(\.number) == [9])
        #expect(run.waited() == .wait)
        #expect(run.places.takings.count == 9)
    }
}
