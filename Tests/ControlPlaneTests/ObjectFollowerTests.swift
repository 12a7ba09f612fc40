import Administration
import Platform
import Testing

@testable import ControlPlane

@Suite struct ObjectFollowerTests {
    private final class Counter {
        var orders = 0
        var answers: [Bool] = []
    }

    private let counter = Counter()
    private let loop: EpollLoop
    private let follower: ObjectFollower

    init() throws {
        self.loop = try EpollLoop()
        let counter = self.counter
        self.follower = ObjectFollower(loop: self.loop, inForce: 3) { counter.orders += 1 }
    }

    private func wait(for number: Int64) {
        let counter = self.counter
        self.follower.wait(for: number) { counter.answers.append($0) }
    }

    @Test func whatIsInForceIsNotAskedFor() {
        self.follower.found(3)
        self.wait(for: 2)
        #expect(self.counter.orders == 0 && self.counter.answers == [true])
    }

    @Test func aChangeIsAskedForOnceAndWaitedFor() {
        self.wait(for: 4)
        self.wait(for: 4)
        self.follower.found(4)
        #expect(self.counter.orders == 1 && self.counter.answers == [])
        self.wait(for: 5)
        #expect(self.counter.orders == 2)
        self.follower.isInForce(4)
        #expect(self.counter.answers == [true, true])
        self.follower.isInForce(5)
        #expect(self.counter.answers == [true, true, true])
        // A database that was put back to an earlier state is followed too.
        self.follower.found(4)
        #expect(self.counter.orders == 3)
    }

    @Test func aRefusalEndsTheWait() {
        self.wait(for: 4)
        self.follower.refused()
        #expect(self.counter.answers == [false])
        // Not again at once.
        self.follower.found(4)
        #expect(self.counter.orders == 1)
    }

    @Test func theWaitIsBounded() throws {
        self.wait(for: 4)
        let began = Clocks.monotonicNanoseconds()
        while self.counter.answers.isEmpty, Clocks.monotonicNanoseconds() - began < 10_000_000_000 {
            try self.loop.turn(waitingAtMost: 100_000_000)
        }
        #expect(self.counter.answers == [false])
        #expect(Clocks.monotonicNanoseconds() - began >= ObjectFollower.patience)
    }
}
