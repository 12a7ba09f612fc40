import Domain
import Resilience
import Testing

/// Which place a request is sent to first, and what becomes of one that none can take.
@Suite struct DispatchBeginTests {
    static let ms: UInt64 = 1_000_000

    @Test func thePlainCase() {
        let run = DispatchRun(1)
        #expect(run.begin() == .call(1, 0))
        #expect(run.places.takings == [.init(place: 0, number: 1, key: 0)])
        #expect(run.deadline == nil)
        #expect(run.machine.running.count == 1)
        #expect(run.hasContent(1) == [])
        #expect(run.trail.isEmpty)
        #expect(run.begin() == .wait)
        #expect(run.places.takings.count == 1)
    }

    @Test func theFirstFreeOneIsCalled() {
        let run = DispatchRun(6)
        run.places.standings = [
            0: .breakerOpen(1_500_000), 1: .keysCooling(20 * Self.ms), 2: .keysOut, 3: .keysLimited(1), 4: .busy,
        ]
        #expect(run.begin() == .call(1, 5))
        #expect(
            run.trail == [
                "breakerOpen 0 2", "keysCooling 1 20", "keysOut 2 0", "keysLimited 3 1", "busy 4 0", "called 5 1",
            ])
    }

    @Test func whoIsOvertakenTriesTheNext() {
        let run = DispatchRun(2)
        run.places.overtaken = [0: .busy]
        #expect(run.begin() == .call(1, 1))
    }

    @Test func manyPlacesLeaveRoomInTheTrail() {
        let run = DispatchRun(64)
        for place in 0..<63 { run.places.standings[place] = .keysOut }
        #expect(run.begin() == .call(1, 63))
        #expect(run.trail.count == 21)
        #expect(run.trail.last == "called 63 1")
    }

    // MARK: Order

    @Test func theFastestFirstAndEqualOnesInThePlansOrder() {
        let run = DispatchRun(5, strategy: .leastLatency)
        run.places.latencies = [0: 500, 1: 108, 2: 100, 3: 200, 4: 113]
        run.places.standings = [1: .busy]
        #expect(run.begin() == .call(1, 2))
        #expect(run.failed(1, 500) == .call(2, 4))
        #expect(run.failed(2, 500) == .call(3, 3))
    }

    @Test func oneThatIsNotKnownIsTriedByOneCallAtATime() {
        let run = DispatchRun(3, strategy: .leastLatency)
        run.places.latencies = [0: 100, 2: 50]
        #expect(run.begin() == .call(1, 1))
        let other = DispatchRun(3, strategy: .leastLatency)
        other.places.latencies = [0: 100, 2: 50]
        other.places.loads = [1: 1]
        #expect(other.begin() == .call(1, 2))
        #expect(other.failed(1, 500) == .call(2, 0))
        #expect(other.failed(2, 500) == .call(3, 1))
    }

    @Test func latenciesAtTheEndOfTheirRange() {
        let run = DispatchRun(2, strategy: .leastLatency)
        run.places.latencies = [0: .max, 1: .max - 1]
        #expect(run.begin() == .call(1, 1))
    }

    @Test func theLeastBusyFirst() {
        let run = DispatchRun(4, strategy: .leastBusy)
        run.places.loads = [0: 3, 1: 1, 2: 0, 3: 1]
        run.places.standings = [2: .keysOut]
        #expect(run.begin() == .call(1, 1))
        #expect(run.failed(1, 500) == .call(2, 3))
        #expect(run.failed(2, 500) == .call(3, 0))
    }

    @Test(arguments: [RoutePolicy.Strategy.ordered, .weighted, .leastCost])
    func theEdgesOrderIsKept(_ strategy: RoutePolicy.Strategy) {
        let run = DispatchRun(2, strategy: strategy)
        run.places.loads = [0: 3]
        run.places.latencies = [0: 3, 1: 1]
        #expect(run.begin() == .call(1, 0))
    }

    // MARK: None can be called

    @Test func itWaitsForOneThatIsSoonBack() {
        let run = DispatchRun(2)
        run.places.standings = [0: .breakerOpen(1_900 * Self.ms), 1: .keysCooling(1_200 * Self.ms)]
        #expect(run.begin() == .wait)
        #expect(run.deadline == 1_200)
        run.now = 1_199
        #expect(run.timePassed() == .wait)
        run.places.standings[1] = .free
        run.now = 1_201
        #expect(run.timePassed() == .call(1, 1))
        #expect(
            run.trail == [
                "breakerOpen 0 1900", "keysCooling 1 1200", "waited 1 1201", "breakerOpen 0 1900", "called 1 1",
            ])
    }

    @Test func itRefusesWhereTheWaitIsLong() {
        let run = DispatchRun(3)
        run.places.standings = [0: .keysOut, 1: .keysLimited(30_000 * Self.ms), 2: .breakerOpen(2_001 * Self.ms)]
        #expect(run.begin() == .refuse(.unavailable(retryAfter: 2_001 * Self.ms)))
        #expect(run.machine.isOver)
        // Keys that have only used up what they may are no fault of their provider's.
        let limited = DispatchRun(2)
        limited.places.standings = [0: .breakerOpen(9_000 * Self.ms), 1: .keysLimited(3_000 * Self.ms)]
        #expect(limited.begin() == .refuse(.limited(retryAfter: 3_000 * Self.ms)))
        // The delay sets how long is patient.
        let hasty = DispatchRun(1, delay: 10)
        hasty.places.standings = [0: .breakerOpen(41 * Self.ms)]
        #expect(hasty.begin() == .refuse(.unavailable(retryAfter: 41 * Self.ms)))
        let slow = DispatchRun(1, delay: .max)
        slow.places.standings = [0: .breakerOpen(2_000 * Self.ms)]
        #expect(slow.begin() == .wait)
        // So does what is left of the time.
        let late = DispatchRun(1, limit: 999)
        late.places.standings = [0: .breakerOpen(1_000 * Self.ms)]
        #expect(late.begin() == .refuse(.unavailable(retryAfter: 1_000 * Self.ms)))
    }

    @Test func itDoesNotWaitForEver() {
        let run = DispatchRun(1)
        run.places.standings = [0: .breakerOpen(0)]
        var order = run.begin()
        var waits = 0
        while order == .wait {
            waits += 1
            order = run.waited()
        }
        #expect(waits == 16)
        #expect(order == .refuse(.unavailable(retryAfter: 0)))
        #expect(run.now == 16)
    }

    @Test func allWaitsTogetherAreBounded() {
        let run = DispatchRun(1)
        run.places.standings = [0: .breakerOpen(900 * Self.ms)]
        #expect(run.begin() == .wait)
        #expect(run.waited() == .wait)
        #expect(run.waited() == .refuse(.unavailable(retryAfter: 900 * Self.ms)))
        #expect(run.now == 1_800)
    }

    @Test func onlyRefusedKeys() {
        let run = DispatchRun(2)
        run.places.standings = [0: .keysOut, 1: .keysOut]
        #expect(run.begin() == .refuse(.keysRefused))
        #expect(run.trail == ["keysOut 0 0", "keysOut 1 0"])
    }

    @Test func noPlaceAtAll() {
        #expect(DispatchRun(0).begin() == .refuse(.unavailable(retryAfter: 0)))
        #expect(DispatchRun(-1).begin() == .refuse(.unavailable(retryAfter: 0)))
    }

    // MARK: The queue

    @Test func itQueuesAtTheFirstThatIsBusy() {
        let run = DispatchRun(3)
        run.places.standings = [0: .breakerOpen(1), 1: .busy, 2: .busy]
        #expect(run.begin() == .queue(1))
        #expect(run.deadline == 600_000)
        run.now = 40
        #expect(run.turn() == .queue(1))
        run.places.standings[1] = .free
        run.now = 70
        #expect(run.turn() == .call(1, 1))
        #expect(run.trail == ["breakerOpen 0 1", "busy 1 0", "busy 2 0", "queued 1 70", "called 1 1"])
        #expect(run.turn() == .wait)
    }

    @Test func whatHappensToTheProviderMeanwhileCounts() {
        let run = DispatchRun(2)
        run.places.standings = [0: .busy, 1: .breakerOpen(9_000 * Self.ms)]
        #expect(run.begin() == .queue(0))
        run.now = 40
        run.places.standings = [0: .breakerOpen(5_000 * Self.ms)]
        #expect(run.turn() == .call(1, 1))
    }

    @Test func theQueueIsFull() {
        let run = DispatchRun(1)
        run.places.standings = [0: .busy]
        #expect(run.begin() == .queue(0))
        #expect(run.queueRefused(1_500) == .refuse(.overloaded(retryAfter: 1_500 * Self.ms)))
        #expect(run.trail == ["busy 0 0", "queueFull 0 1500"])
        #expect(run.queueRefused(1_500) == .wait)
    }

    @Test func theTimeIsUpInTheQueue() {
        let run = DispatchRun(1, limit: 3_000)
        run.places.standings = [0: .busy]
        #expect(run.begin() == .queue(0))
        #expect(run.waited() == .refuse(.overloaded(retryAfter: 0)))
        #expect(run.now == 3_000)
    }
}
