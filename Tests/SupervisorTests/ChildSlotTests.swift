import Testing

@testable import Supervisor

@Suite struct ChildSlotTests {
    private static func ready(at now: UInt64 = 1000) -> ChildSlot {
        var slot = ChildSlot()
        slot.spawned(instance: 3, at: now)
        _ = slot.greeted()
        _ = slot.becameReady(at: now)
        return slot
    }

    @Test func theUsualLife() {
        var slot = ChildSlot()
        #expect(slot.state == .vacant && !slot.isAlive && !slot.isReachable)
        slot.spawned(instance: 3, at: 1000)
        #expect(slot.state == .handshaking && slot.isAlive && slot.isReachable && !slot.takesLinks)
        #expect(slot.greeted() == true)
        #expect(slot.state == .greeted && slot.takesLinks)
        #expect(slot.becameReady(at: 1500) == true)
        #expect(slot.state == .ready && slot.wasEverReady && slot.takesLinks)
        slot.draining()
        #expect(slot.state == .draining && slot.isReachable && !slot.takesLinks)
        slot.over()
        #expect(slot.state == .gone && !slot.isAlive && slot.deadline == nil)
        #expect(slot.restarts == 0)
    }

    @Test func messagesOutOfOrderAreRefused() {
        var slot = ChildSlot()
        slot.spawned(instance: 1, at: 0)
        #expect(slot.becameReady(at: 0) == false)
        #expect(slot.greeted() == true)
        #expect(slot.greeted() == false)
        #expect(slot.becameReady(at: 0) == true)
        #expect(slot.becameReady(at: 0) == false)
    }

    @Test func notReadyInThirtySeconds() {
        var slot = ChildSlot()
        slot.spawned(instance: 1, at: 1000)
        #expect(slot.deadline == 31_000)
        #expect(slot.due(at: 30_999) == nil)
        #expect(slot.due(at: 31_000) == .neverReady)
        _ = slot.greeted()
        #expect(slot.due(at: 31_000) == .neverReady)
        _ = slot.becameReady(at: 2000)
        #expect(slot.deadline == nil)
    }

    @Test func tenUnansweredHeartbeatsAreTooMany() {
        var slot = Self.ready()
        for number in 1...10 { #expect(slot.nextBeat() == UInt64(number)) }
        #expect(slot.nextBeat() == nil)
        // One answer, even an old one, shows life.
        #expect(slot.beat(2, activeRequests: 5) == true)
        #expect(slot.activeRequests == 5)
        #expect(slot.nextBeat() == 11)
    }

    @Test func beforeReadyAChildMayBeSilent() {
        var slot = ChildSlot()
        slot.spawned(instance: 1, at: 0)
        _ = slot.greeted()
        for _ in 0..<25 { #expect(slot.nextBeat() != nil) }
        _ = slot.becameReady(at: 25_000)
        #expect(slot.nextBeat() == 26)
        // It answers what has piled up.
        for number in 1...26 { #expect(slot.beat(UInt64(number), activeRequests: 0) == true) }
    }

    @Test func answersToWhatWasNotAskedAreRefused() {
        var slot = Self.ready()
        #expect(slot.beat(1, activeRequests: 0) == false)
        _ = slot.nextBeat()
        #expect(slot.beat(2, activeRequests: 0) == false)
        #expect(slot.beat(0, activeRequests: 0) == false)
        #expect(slot.beat(1, activeRequests: 0) == true)
        #expect(slot.beat(1, activeRequests: 0) == false)
        #expect(slot.beat(.max, activeRequests: 0) == false)
    }

    @Test func anAbortedChildIsKilledTwoSecondsLater() {
        var slot = Self.ready()
        slot.aborting(at: 5000)
        #expect(!slot.isReachable && slot.isAlive)
        #expect(slot.due(at: 6999) == nil)
        #expect(slot.due(at: 7000) == .stillAlive)
        slot.killed()
        #expect(slot.deadline == nil && slot.isAlive)
    }

    @Test func aChildWithoutALineHasFiveSeconds() {
        var slot = Self.ready()
        slot.lineEnded(at: 2000)
        slot.lineEnded(at: 4000)
        #expect(!slot.isReachable && !slot.takesLinks)
        #expect(slot.due(at: 6999) == nil)
        #expect(slot.due(at: 7000) == .stillAlive)
    }

    @Test func theNextStartIsDueAfterTheDelay() {
        var slot = Self.ready(at: 1000)
        #expect(slot.ended(at: 12_000, refused: false) == 100)
        #expect(!slot.isAlive && slot.due(at: 12_099) == nil)
        #expect(slot.due(at: 12_100) == .start)
        slot.spawned(instance: 4, at: 12_100)
        #expect(slot.restarts == 1 && slot.wasEverReady)
        #expect(slot.deadline == 42_100)
        // Never READY this time: the delay grows.
        #expect(slot.ended(at: 12_200, refused: false) == 200)
    }

    @Test func aRefusalWaitsLongest() {
        var slot = Self.ready()
        #expect(slot.ended(at: 20_000, refused: true) == 30_000)
    }
}
