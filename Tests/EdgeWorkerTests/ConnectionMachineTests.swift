import Domain
import Testing

@testable import EdgeWorker

@Suite struct ConnectionMachineTests {
    private static let second: UInt64 = 1_000_000_000

    private func machine() -> ConnectionMachine {
        ConnectionMachine(limits: HTTPLimits(headerTimeout: 10_000, idleTimeout: 75_000), now: 0)
    }

    @Test func aRequestWithoutABody() {
        var machine = self.machine()
        #expect(machine.receivedHead(hasBody: false, now: 1) == .take)
        #expect(machine.hasWholeRequest && machine.awaitsEnd && machine.isBusy)
        #expect(machine.receivedEnd(now: 2) == .serve)
        #expect(machine.replyEnded(keepsAlive: true, canDiscard: true, hasHeld: false, now: 3) == .next)
        #expect(machine.isIdle)
    }

    @Test func aReplyBeforeTheEndIsReported() {
        var machine = self.machine()
        _ = machine.receivedHead(hasBody: false, now: 1)
        #expect(machine.replyEnded(keepsAlive: true, canDiscard: true, hasHeld: false, now: 3) == .next)
        #expect(machine.receivedEnd(now: 3) == .drop)
        #expect(machine.isIdle)
    }

    @Test func whatComesAheadIsHeld() {
        var machine = self.machine()
        #expect(machine.receivedHead(hasBody: true, now: 1) == .take)
        #expect(machine.receivedBody(now: 2) == .take)
        #expect(machine.receivedEnd(now: 3) == .serve)
        #expect(machine.receivedHead(hasBody: true, now: 4) == .hold)
        #expect(machine.receivedBody(now: 4) == .hold)
        #expect(machine.receivedEnd(now: 4) == .hold)
        #expect(machine.hasWholeRequest)
    }

    @Test func anEarlyReplyDiscardsALittle() {
        var machine = self.machine()
        _ = machine.receivedHead(hasBody: true, now: 1)
        #expect(machine.replyEnded(keepsAlive: true, canDiscard: true, hasHeld: false, now: 2) == .wait)
        #expect(machine.receivedBody(now: 3) == .drop)
        #expect(machine.receivedEnd(now: 4) == .next)
        #expect(machine.isIdle)
    }

    @Test func anEarlyReplyLingersOnALot() {
        for (keepsAlive, canDiscard) in [(true, false), (false, true), (false, false)] {
            var machine = self.machine()
            _ = machine.receivedHead(hasBody: true, now: 0)
            #expect(
                machine.replyEnded(keepsAlive: keepsAlive, canDiscard: canDiscard, hasHeld: false, now: 0) == .linger)
            #expect(machine.receivedBody(now: 1) == .drop)
            #expect(machine.receivedEnd(now: 1) == .drop)
            #expect(machine.receivedHead(hasBody: false, now: 1) == .drop)
            #expect(machine.expired(now: Self.second) == .none)
            #expect(machine.expired(now: 2 * Self.second) == .close)
        }
    }

    @Test func aClientThatSendsOnIsHeardForAWhile() {
        var machine = self.machine()
        _ = machine.receivedHead(hasBody: true, now: 0)
        _ = machine.replyEnded(keepsAlive: false, canDiscard: false, hasHeld: false, now: 0)
        #expect(machine.noticesBytes)
        for time in 1...29 {
            #expect(machine.expired(now: UInt64(time) * Self.second) == .none)
            machine.receivedBytes(now: UInt64(time) * Self.second)
        }
        #expect(machine.expired(now: 30 * Self.second) == .close)
        #expect(!machine.noticesBytes)
    }

    @Test func aLastReplyCloses() {
        for (hasHeld, after) in [(false, ConnectionMachine.AfterReply.close), (true, .linger)] {
            var machine = self.machine()
            _ = machine.receivedHead(hasBody: false, now: 0)
            _ = machine.receivedEnd(now: 0)
            #expect(machine.replyEnded(keepsAlive: false, canDiscard: true, hasHeld: hasHeld, now: 0) == after)
        }
    }

    @Test func patience() {
        var fresh = self.machine()
        #expect(fresh.expired(now: 10 * Self.second - 1) == .none)
        #expect(fresh.expired(now: 10 * Self.second) == .close)

        var head = self.machine()
        head.receivedBytes(now: 5 * Self.second)
        head.receivedBytes(now: 9 * Self.second)
        #expect(head.expired(now: 14 * Self.second) == .none)
        #expect(head.expired(now: 15 * Self.second) == .requestTimeout)
        #expect(head.expired(now: 99 * Self.second) == .none)

        var body = self.machine()
        _ = body.receivedHead(hasBody: true, now: 0)
        _ = body.receivedBody(now: 8 * Self.second)
        #expect(body.expired(now: 17 * Self.second) == .none)
        body.readingResumed(now: 17 * Self.second)
        #expect(body.expired(now: 26 * Self.second) == .none)
        #expect(body.expired(now: 27 * Self.second) == .requestTimeout)
        body.readingResumed(now: 28 * Self.second)

        var discarding = self.machine()
        _ = discarding.receivedHead(hasBody: true, now: 0)
        _ = discarding.replyEnded(keepsAlive: true, canDiscard: true, hasHeld: false, now: 5 * Self.second)
        _ = discarding.receivedBody(now: 14 * Self.second)
        #expect(discarding.expired(now: 23 * Self.second) == .none)
        #expect(discarding.expired(now: 24 * Self.second) == .close)

        var served = self.machine()
        _ = served.receivedHead(hasBody: false, now: 0)
        _ = served.receivedEnd(now: 0)
        #expect(served.expired(now: .max - 1) == .none)
        _ = served.replyEnded(keepsAlive: true, canDiscard: true, hasHeld: false, now: 100 * Self.second)
        #expect(served.expired(now: 174 * Self.second) == .none)
        #expect(served.expired(now: 175 * Self.second) == .close)
    }

    @Test func endOfInput() {
        var idle = self.machine()
        #expect(idle.inputEnded() == true)
        var reading = self.machine()
        _ = reading.receivedHead(hasBody: true, now: 0)
        #expect(reading.inputEnded() == true)
        var whole = self.machine()
        _ = whole.receivedHead(hasBody: false, now: 0)
        #expect(whole.inputEnded() == false)
    }
}
