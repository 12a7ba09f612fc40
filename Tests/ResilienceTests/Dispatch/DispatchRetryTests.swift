import Domain
import Resilience
import Testing

/// What is done after a failure.
@Suite struct DispatchRetryTests {
    static let ms: UInt64 = 1_000_000

    @Test(arguments: [CallFailure.Kind.connect, .reset, .firstToken, .stalled, .badReply, .status(500), .status(429)])
    func theNextPlaceAtOnce(_ kind: CallFailure.Kind) {
        let run = DispatchRun(2)
        _ = run.begin()
        #expect(run.failed(1, CallFailure(kind)) == .call(2, 1))
        #expect(run.places.retriesTaken == 0)
        #expect(run.hasContent(2) == [])
        #expect(run.trail.map { $0.prefix(8) } == ["called 0", "failed 0", "called 1"])
    }

    @Test(arguments: [CallFailure.Kind.own, .status(400), .status(404), .status(422), .status(413)])
    func nothingAfterARequestsOwnFault(_ kind: CallFailure.Kind) {
        let run = DispatchRun(2)
        _ = run.begin()
        #expect(run.failed(1, CallFailure(kind)) == .giveUp)
        #expect(run.machine.isOver)
    }

    /// A target that cannot be asked at all, such as one that does not know a parameter, does not end the search.
    @Test func aFurtherCallThatCannotBeMadeLeavesTheOthers() {
        let run = DispatchRun(3)
        _ = run.begin()
        #expect(run.failed(1, 503) == .call(2, 1))
        #expect(run.failed(2, CallFailure(.own)) == .call(3, 2))
        #expect(run.failed(3, CallFailure(.own)) == .giveUp)
        let alone = DispatchRun(1)
        _ = alone.begin()
        #expect(alone.failed(1, 503) == .wait)
        #expect(alone.waited() == .call(2, 0))
        #expect(alone.failed(2, CallFailure(.own)) == .giveUp)
    }

    @Test func nothingAfterContent() {
        let run = DispatchRun(2)
        _ = run.begin()
        #expect(run.failed(1, CallFailure(.stalled, hadContent: true)) == .giveUp)
        let other = DispatchRun(2)
        _ = other.begin()
        #expect(other.hasContent(1) == [])
        #expect(other.failed(1, CallFailure(.stalled)) == .giveUp)
    }

    @Test func theSamePlaceAfterGrowingWaits() {
        let run = DispatchRun(1, retries: 4)
        _ = run.begin()
        #expect(run.failed(1, 500) == .wait)
        #expect(run.deadline == 500)
        #expect(run.waited() == .call(2, 0))
        #expect(run.failed(2, 500) == .wait)
        #expect(run.deadline == 1_500)
        #expect(run.waited() == .call(3, 0))
        run.random = 1 << 62
        #expect(run.failed(3, 500) == .wait)
        #expect(run.deadline == 2_000)
        #expect(run.waited() == .call(4, 0))
        run.random = 0
        #expect(run.failed(4, 500) == .call(5, 0))
        #expect(run.failed(5, 500) == .giveUp)
        #expect(run.places.retriesTaken == 4)
        #expect(run.trail.filter { $0.hasPrefix("waited") } == ["waited 0 500", "waited 0 1000", "waited 0 500"])
    }

    @Test func asManyAsThePolicySays() {
        for retries in UInt8(0)...8 {
            let run = DispatchRun(64, retries: retries)
            _ = run.begin()
            for number in 1...(retries + 1) {
                let order = run.failed(number, 500)
                #expect(number <= retries ? order == .call(number + 1, Int(number)) : order == .giveUp)
            }
        }
    }

    @Test func placesThatWereTriedLessGoFirst() {
        let run = DispatchRun(2, retries: 8, delay: 0)
        _ = run.begin()
        #expect(run.failed(1, 500) == .call(2, 1))
        #expect(run.failed(2, 500) == .call(3, 0))
        #expect(run.failed(3, 500) == .call(4, 1))
        #expect(run.failed(4, 500) == .call(5, 0))
    }

    // MARK: Advice

    @Test func adviceIsNotShortened() {
        let run = DispatchRun(1)
        run.random = 0
        _ = run.begin()
        #expect(run.failed(1, 503, after: 7_000) == .wait)
        #expect(run.deadline == 7_000)
        run.now = 6_999
        #expect(run.timePassed() == .wait)
        #expect(run.waited() == .call(2, 0))
        // Nor made longer than the jitter.
        run.random = .max
        #expect(run.failed(2, 429, after: 100) == .wait)
        #expect(run.deadline == 8_000)
    }

    @Test func whatIsTooLongIsNotWaitedFor() {
        let run = DispatchRun(1)
        _ = run.begin()
        run.places.standings = [0: .keysCooling(10_001 * Self.ms)]
        #expect(run.failed(1, 429, after: 10_001) == .giveUp)
        #expect(run.places.retriesTaken == 0)
        let limited = DispatchRun(1, limit: 5_000)
        _ = limited.begin()
        limited.now = 1_000
        #expect(limited.failed(1, 503, after: 4_001) == .giveUp)
        #expect(limited.places.retriesTaken == 0)
        let endless = DispatchRun(1)
        _ = endless.begin()
        let failure = CallFailure(.status(429), advice: RetryAdvice(after: .max))
        #expect(endless.failed(1, failure) == .giveUp)
    }

    @Test func adviceBindsOnePlace() {
        let run = DispatchRun(2)
        run.random = 0
        _ = run.begin()
        #expect(run.failed(1, 503, after: 7_000) == .call(2, 1))
        #expect(run.failed(2, 503, after: 5_000) == .wait)
        #expect(run.deadline == 5_000)
        #expect(run.waited() == .call(3, 1))
    }

    @Test func shouldRetry() {
        let run = DispatchRun(2, delay: 0)
        _ = run.begin()
        #expect(run.failed(1, 500, shouldRetry: false) == .call(2, 1))
        #expect(run.failed(2, 400, shouldRetry: true) == .call(3, 1))
        #expect(run.failed(3, 500, shouldRetry: false) == .giveUp)
    }

    @Test func theTimeIsUp() {
        let run = DispatchRun(2, limit: 1_000)
        _ = run.begin()
        run.now = 1_000
        #expect(run.failed(1, CallFailure(.firstToken)) == .giveUp)
        let endless = DispatchMachine(places: 1, policy: RoutePolicy(), timeLimit: .max)
        #expect(endless.deadline == .max)
    }

    // MARK: What stands against it meanwhile

    @Test func coolingKeysPutARepetitionOff() {
        let run = DispatchRun(1)
        _ = run.begin()
        #expect(run.failed(1, 500) == .wait)
        run.places.standings = [0: .keysCooling(9_000 * Self.ms)]
        #expect(run.waited() == .wait)
        #expect(run.deadline == 9_500)
        run.places.standings = [:]
        #expect(run.waited() == .call(2, 0))
        #expect(run.places.retriesTaken == 1)
    }

    @Test func anOpenBreakerEndsIt() {
        let run = DispatchRun(1)
        _ = run.begin()
        #expect(run.failed(1, 500) == .wait)
        run.places.standings = [0: .breakerOpen(2_001 * Self.ms)]
        #expect(run.waited() == .giveUp)
        let soon = DispatchRun(1)
        _ = soon.begin()
        #expect(soon.failed(1, 500) == .wait)
        soon.places.standings = [0: .breakerOpen(2_000 * Self.ms)]
        #expect(soon.waited() == .wait)
        #expect(soon.deadline == 2_500)
    }

    @Test func aRepetitionQueues() {
        let run = DispatchRun(2)
        _ = run.begin()
        #expect(run.failed(1, 500) == .call(2, 1))
        #expect(run.failed(2, 500) == .wait)
        run.places.standings = [0: .busy, 1: .busy]
        #expect(run.waited() == .queue(0))
        run.now += 30
        run.places.standings = [:]
        #expect(run.turn() == .call(3, 0))
        let full = DispatchRun(1)
        _ = full.begin()
        _ = full.failed(1, 500)
        full.places.standings = [0: .busy]
        #expect(full.waited() == .queue(0))
        #expect(full.queueRefused(100) == .giveUp)
    }

    @Test func aPlaceNotTriedThatComesFreeGoesFirst() {
        let run = DispatchRun(2)
        run.places.standings = [1: .breakerOpen(100 * Self.ms)]
        _ = run.begin()
        #expect(run.failed(1, 500) == .wait)
        #expect(run.deadline == 100)
        run.places.standings = [:]
        #expect(run.waited() == .call(2, 1))
        #expect(run.places.retriesTaken == 0)
    }

    @Test func aBusyPlaceIsQueuedForWhereTheRestIsFarAway() {
        let run = DispatchRun(2)
        run.places.standings = [1: .busy]
        _ = run.begin()
        #expect(run.failed(1, 503, after: 10_000) == .queue(1))
        run.places.standings = [:]
        #expect(run.turn() == .call(2, 1))
        let near = DispatchRun(2)
        near.places.standings = [1: .busy]
        _ = near.begin()
        #expect(near.failed(1, 503, after: 1_000) == .wait)
        near.places.standings = [:]
        #expect(near.waited() == .call(2, 1))
    }

    // MARK: Grants

    @Test func whatMayBeBilledAgainIsAskedFor() {
        let run = DispatchRun(1, retries: 8, delay: 0)
        _ = run.begin()
        #expect(run.failed(1, CallFailure(.firstToken, billed: .unknown)) == .ask(2, 0, .retry))
        #expect(run.machine.running.isEmpty)
        #expect(run.machine.asked?.number == 2)
        #expect(run.granted(true) == .call(2, 0))
        // The second grant is still there.
        #expect(run.failed(2, 500) == .call(3, 0))
        #expect(run.failed(3, CallFailure(.stalled, billed: .yes)) == .ask(4, 0, .retry))
        #expect(run.granted(false) == .giveUp)
        #expect(run.trail.last == "grantRefused 0 0")
        #expect(run.granted(true) == .wait)
    }

    @Test func anotherTargetIsAskedForToo() {
        let run = DispatchRun(2)
        _ = run.begin()
        #expect(run.failed(1, CallFailure(.firstToken, billed: .unknown)) == .ask(2, 1, .otherTarget))
        #expect(run.granted(true) == .call(2, 1))
    }

    // MARK: Dead connections

    @Test func aDeadConnectionIsMadeUpForTwice() {
        let run = DispatchRun(2, retries: 0)
        let failure = CallFailure(.reset, billed: .unknown, metDeadConnection: true)
        _ = run.begin()
        #expect(run.failed(1, failure) == .ask(2, 0, .resend))
        #expect(run.granted(true) == .call(2, 0))
        #expect(run.failed(2, failure) == .ask(3, 0, .resend))
        #expect(run.granted(true) == .call(3, 0))
        #expect(run.failed(3, failure) == .giveUp)
        #expect(run.places.retriesTaken == 0)
    }
}
