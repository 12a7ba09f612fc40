import Domain
import IPC
import Journal
import Limits
import NIOCore
import Testing

@testable import EdgeWorker

/// Every end of a request settles what it holds, once, and after its record.
@Suite struct LimitSettlementTests: LimitScene {
    private static let stream =
        #"{"model":"smart","messages":[],"max_tokens":100,"stream":true,"stream_options":{"include_usage":true}}"#

    /// Nothing is held any more, one settlement was made with these numbers, and its record was written before it.
    private func expectSettled(
        _ rig: EdgeRig, tokens: Int64 = 12, cost: Int64 = 17_000, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let ledger = rig.ledger
        #expect(ledger.openHolds == 0 && ledger.wrongSettles == 0, sourceLocation: sourceLocation)
        #expect(ledger.settles.map { $0.tokens } == [tokens], sourceLocation: sourceLocation)
        #expect(ledger.settles.map { $0.cost } == [cost], sourceLocation: sourceLocation)
        #expect(ledger.recordsAtSettle == [1], sourceLocation: sourceLocation)
        let slot = ledger.slot(.project)
        #expect(slot.tokens == tokens && slot.cost == cost && slot.inFlight == 0, sourceLocation: sourceLocation)
        #expect(slot.heldTokens == 0 && slot.heldCost == 0, sourceLocation: sourceLocation)
    }

    // MARK: Ends

    @Test func aWholeReply() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        try peer.send(
            FakePeer.head(length: 2).frame(stream: running.stream) + FakePeer.chunk("{}", running.stream)
                + Self.end().frame(stream: running.stream))
        #expect(try running.client.status() == 200)
        self.expectSettled(rig)
    }

    @Test func anUnknownPriceCountsNothing() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        try peer.send(
            FakePeer.head(length: 2).frame(stream: running.stream) + FakePeer.chunk("{}", running.stream)
                + Self.end(cost: nil).frame(stream: running.stream))
        _ = try running.client.received()
        self.expectSettled(rig, cost: 0)
    }

    @Test func aWholeStream() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, Self.stream)
        try peer.send(FakePeer.head(stream: true).frame(stream: running.stream))
        try peer.send(FakePeer.chunk("data: 1\n\n", running.stream))
        _ = try running.client.received()
        #expect(rig.ledger.settles.isEmpty && rig.ledger.openHolds == 1)
        try peer.send(Self.end().frame(stream: running.stream))
        #expect(try running.client.received() == "0\r\n\r\n")
        self.expectSettled(rig)
    }

    @Test func aFailureBeforeAndWithinTheReply() throws {
        for isWithin in [false, true] {
            let rig = try self.rig()
            let peer = try rig.upstream()
            let running = try self.running(rig, peer, Self.stream)
            if isWithin {
                try peer.send(FakePeer.head(stream: true).frame(stream: running.stream))
                try peer.send(FakePeer.chunk("data: 1\n\n", running.stream))
            }
            try peer.send(Self.end(Self.failure).frame(stream: running.stream))
            #expect(try running.client.received().contains("provider_timeout"))
            self.expectSettled(rig)
        }
    }

    @Test func noUpstream() throws {
        let rig = try self.rig()
        let client = try rig.client()
        try client.send(FakeClient.post(Self.chat))
        #expect(rig.ledger.openHolds == 1)
        rig.advance(.seconds(6))
        #expect(try client.status() == 503)
        self.expectSettled(rig, tokens: 0, cost: 0)
    }

    @Test func theClientLeaves() throws {
        for says in [true, false] {
            let rig = try self.rig()
            let peer = try rig.upstream()
            let running = try self.running(rig, peer)
            let held = rig.ledger.slot(.project)
            try running.client.channel.close().wait()
            #expect(rig.ledger.openHolds == 1)
            if says {
                #expect(try peer.answerCancels(Self.end(FakePeer.cancelled.failure)) == 1)
                self.expectSettled(rig)
            } else {
                // Nobody says what it took: it may be all that was held.
                rig.advance(.seconds(11))
                self.expectSettled(rig, tokens: held.heldTokens, cost: held.heldCost)
            }
        }
    }

    /// A guess is not enough for a strict budget: what was not seen may have been produced, and be billed.
    @Test(arguments: [Billed.unknown, .yes, .no])
    func whoBreaksOffPaysWhatWasHeld(_ billed: Billed) throws {
        for mode in [BudgetMode.strict, .estimate] {
            let rig = try self.rig { $0.limits.mode = mode }
            let peer = try rig.upstream()
            let running = try self.running(rig, peer)
            let held = rig.ledger.slot(.project)
            try running.client.channel.close().wait()
            let report = AttemptReport(
                call: 0, status: 0, billed: billed, usageSource: billed == .no ? .none : .estimated,
                usage: billed == .no ? nil : TokenUsage(input: 7, output: 1), cost: billed == .no ? 0 : 9,
                firstContent: 0,
                total: 2, error: "cancelled")
            try peer.answerCancels(StreamEnd(failure: FakePeer.cancelled.failure, attempts: [report]))
            let isHeld = mode == .strict && billed != .no
            self.expectSettled(
                rig, tokens: isHeld ? held.heldTokens : billed == .no ? 0 : 8,
                cost: isHeld ? held.heldCost : billed == .no ? 0 : 9)
        }
    }

    @Test func theClientLeavesBeforeAnUpstreamIsThere() throws {
        let rig = try self.rig()
        let client = try rig.client()
        try client.send(FakeClient.post(Self.chat))
        try client.channel.close().wait()
        self.expectSettled(rig, tokens: 0, cost: 0)
    }

    @Test func theUpstreamIsLost() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        let held = rig.ledger.slot(.project)
        try peer.channel.close().wait()
        #expect(try running.client.status() == 502)
        self.expectSettled(rig, tokens: held.heldTokens, cost: held.heldCost)
    }

    @Test func aReplyOfTheWrongLength() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        try peer.send(FakePeer.head(length: 2).frame(stream: running.stream) + FakePeer.chunk("longer", running.stream))
        #expect(try peer.answerCancels(Self.end(FakePeer.cancelled.failure)) == 1)
        _ = try running.client.received()
        self.expectSettled(rig)
    }

    @Test func drained() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer, Self.stream)
        rig.core.drain()
        rig.core.endDraining()
        #expect(rig.ledger.openHolds == 1)
        #expect(try peer.answerCancels(Self.end(FakePeer.cancelled.failure)) == 1)
        #expect(try running.client.received().contains("gateway_draining"))
        self.expectSettled(rig)
    }

    @Test func theTableWasReplacedMeanwhile() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let running = try self.running(rig, peer)
        let next = FakeLedger()
        rig.core.desk.ledger = next
        try peer.send(
            FakePeer.head(length: 2).frame(stream: running.stream) + FakePeer.chunk("{}", running.stream)
                + Self.end().frame(stream: running.stream))
        #expect(try running.client.status() == 200)
        self.expectSettled(rig)
        let slot = next.slot(.project)
        #expect(slot.tokens == 12 && slot.cost == 17_000 && slot.requests == 0 && slot.inFlight == 0)
        #expect(next.openHolds == 0 && next.settles.count == 1)
    }

    @Test func theProcessEnds() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let stays = try self.running(rig, peer)
        let leaves = try self.running(rig, peer)
        try leaves.client.channel.close().wait()
        rig.core.drain()
        rig.core.endDraining()
        #expect(rig.ledger.openHolds == 2)
        rig.core.giveUp()
        #expect(try stays.client.received().contains("gateway_draining"))
        #expect(rig.ledger.openHolds == 0 && rig.ledger.settles.count == 2)
        try peer.answerCancels()
        rig.advance(.seconds(20))
        #expect(rig.ledger.settles.count == 2 && rig.ledger.wrongSettles == 0)
        #expect(rig.ledger.slot(.project).heldCost == 0 && rig.ledger.slot(.project).inFlight == 0)
    }

    @Test func listsGoFromRequestToRequest() throws {
        let rig = try self.rig([:])
        let peer = try rig.upstream()
        for round in 1...3 {
            let two = [try self.running(rig, peer), try self.running(rig, peer)]
            for running in two { try peer.answer(running.stream, "{}") }
            #expect(rig.ledger.settles.count == 2 * round && rig.ledger.wrongSettles == 0)
        }
        #expect(Set(rig.ledger.settles.map { $0.keys.count }) == [3])
    }
}
