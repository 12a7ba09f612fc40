import Domain
import IPC
import Journal
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// A client that goes away, at every stage of its request: one BEGIN, one SETTLE, with what the upstream says it cost.
@Suite struct DepartureTests {
    private static let usage = TokenUsage(input: 9, output: 4)

    /// What an upstream answers to CANCEL.
    private static let end = StreamEnd(
        failure: FakePeer.cancelled.failure, usage: usage,
        attempts: [
            AttemptReport(
                call: 0, status: 200, billed: .yes, usageSource: .estimated, usage: usage, cost: 21, firstContent: 0,
                total: 3, error: "cancelled")
        ])

    private func rig() throws -> EdgeRig {
        try EdgeRig {
            $0.prices = [.free]
            $0.routes.aliases[0].targets[0].price = 0
        }
    }

    private func running(_ rig: EdgeRig, _ peer: FakePeer, _ body: String) throws -> (FakeClient, UInt64) {
        let client = try rig.client()
        try client.send(FakeClient.post(body))
        return (client, try #require(try peer.request()).stream)
    }

    /// The SETTLE after the upstream's answer to the one CANCEL.
    private func settled(_ rig: EdgeRig, _ peer: FakePeer, _ end: StreamEnd = Self.end) throws -> SettleRecord {
        #expect(rig.journal.begins.count == 1 && rig.journal.settles.isEmpty && rig.core.departed.count == 1)
        #expect(rig.core.metrics.inFlight == 0 && rig.core.budget.used == 0)
        rig.advance(.milliseconds(300))
        #expect(try peer.answerCancels(end) == 1)
        #expect(peer.link.load == 0 && rig.core.departed.isEmpty)
        let settle = try #require(rig.journal.only)
        // The time until the client went, not until the upstream had said its word.
        #expect(settle.total < 300_000)
        return settle
    }

    @Test func whileNoUpstreamIsThere() throws {
        let rig = try self.rig()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        try client.channel.close().wait()
        let settle = try #require(rig.journal.only)
        #expect(settle.outcome == .disconnected && settle.status == 0 && settle.attempts == 0 && settle.cost == 0)
        #expect(settle.usageSource == .none && settle.dispatched == 0 && settle.provider.isEmpty)
        let peer = try rig.upstream()
        rig.advance(.seconds(20))
        #expect(try peer.frames().isEmpty && rig.journal.settles.count == 1)
    }

    @Test func whileItsBodyGoesUp() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let filler = String(repeating: "x", count: WireLimits.bodyWindow + 100_000)
        let request = Array(FakeClient.post(#"{"model":"smart","messages":["\#(filler)"]}"#).utf8)
        let client = try rig.client()
        for start in stride(from: 0, to: request.count, by: 60_000) {
            try client.send(Array(request[start..<min(start + 60_000, request.count)]))
        }
        #expect(try #require(try peer.request()).body.count == WireLimits.bodyWindow)
        #expect(rig.core.budget.used > 0)
        try client.channel.close().wait()
        let settle = try self.settled(rig, peer, FakePeer.cancelled)
        #expect(settle.outcome == .disconnected && settle.status == 0 && settle.attempts == 0 && settle.cost == 0)
        #expect(settle.error.isEmpty)
    }

    @Test func beforeTheHead() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, _) = try self.running(rig, peer, FakeClient.chat)
        try client.channel.close().wait()
        let settle = try self.settled(rig, peer)
        #expect(settle.outcome == .disconnected && settle.status == 0 && settle.usage == Self.usage)
        #expect(settle.usageSource == .estimated && settle.cost == 21 && settle.attempts == 1)
        #expect(settle.provider == Array("local".utf8) && settle.replyBytes == 0)
    }

    @Test(arguments: [false, true]) func inTheMiddleOfAReply(isStream: Bool) throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, isStream ? FakeClient.stream : FakeClient.chat)
        try peer.send(
            FakePeer.head(stream: isStream, length: isStream ? nil : 50).frame(stream: stream)
                + FakePeer.chunk("data: 1\n\n", stream))
        _ = try client.received()
        if isStream {
            // A client that closes its side during a stream has gone.
            client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            try client.channel.close().wait()
        }
        // What was on its way goes nowhere.
        try peer.send(FakePeer.chunk("data: 2\n\n", stream))
        let settle = try self.settled(rig, peer)
        #expect(settle.outcome == .disconnected && settle.status == 200 && settle.usage == Self.usage)
        #expect(settle.replyBytes == 9 && settle.isStream == isStream)
    }

    @Test func whileTheLastPieceWaits() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.chat)
        try peer.send(FakePeer.head(length: 2).frame(stream: stream) + FakePeer.chunk("{}", stream))
        try client.channel.close().wait()
        // END was on its way when CANCEL went out.
        _ = try peer.frames()
        try peer.send(StreamEnd(usage: Self.usage).frame(stream: stream))
        let settle = try #require(rig.journal.only)
        #expect(settle.outcome == .disconnected && settle.replyBytes == 0 && settle.usage == Self.usage)
        #expect(settle.status == 200)
    }

    @Test func afterTheLastByte() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.chat)
        try peer.answer(stream, "{}")
        try client.channel.close().wait()
        #expect(rig.journal.only?.outcome == .complete)
        #expect(try peer.frames().isEmpty && rig.core.departed.isEmpty)
    }

    @Test func aClientThatTakesNothing() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(FakePeer.head(stream: true).frame(stream: stream))
        _ = try client.received()
        client.channel.isWritable = false
        try peer.send(FakePeer.chunk("data: 1\n\n", stream))
        rig.advance(.seconds(80))
        #expect(!client.isOpen)
        #expect(try peer.answerCancels(Self.end) == 1)
        let settle = try #require(rig.journal.only)
        // The socket was never given what waited.
        #expect(settle.outcome == .disconnected && settle.replyBytes == 0)
    }

    @Test func anUpstreamThatIsLostAfterTheCancel() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(
            FakePeer.head(stream: true).frame(stream: stream)
                + FakePeer.chunk([UInt8](repeating: 0x61, count: 2000), stream))
        _ = try client.received()
        try client.channel.close().wait()
        #expect(rig.journal.settles.isEmpty)
        try peer.channel.close().wait()
        let settle = try #require(rig.journal.only)
        #expect(settle.outcome == .disconnected && settle.usageSource == .estimated && settle.usage.output > 0)
        #expect(settle.cost == 0 && settle.error.isEmpty && rig.core.departed.isEmpty)
    }

    @Test func anUpstreamThatDoesNotAnswerTheCancel() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.chat)
        try client.channel.close().wait()
        rig.advance(.seconds(9))
        #expect(rig.journal.settles.isEmpty && peer.link.load == 1)
        rig.advance(.seconds(2))
        #expect(rig.journal.only?.outcome == .disconnected && peer.link.load == 0)
        // Too late, and no fault of the link.
        try peer.send(Self.end.frame(stream: stream))
        #expect(rig.journal.settles.count == 1 && peer.channel.isActive)
    }

    @Test func aRequestTheUpstreamHasNeverHeardOf() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        // The link takes nothing: the request waits in it.
        peer.channel.isWritable = false
        let filler = String(repeating: "x", count: 20_000)
        let first = try rig.client()
        try first.send(FakeClient.post(#"{"model":"smart","messages":["\#(filler)"]}"#))
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        try client.channel.close().wait()
        #expect(rig.journal.settles.count == 1 && rig.core.departed.isEmpty)
        #expect(rig.journal.settles[0].record == rig.journal.begins[1].record)
        #expect(peer.link.load == 1)
    }

    @Test func aClientThatLeavesWhileDraining() throws {
        let rig = try self.rig()
        var drained = 0
        rig.core.onDrained = { drained += 1 }
        let peer = try rig.upstream()
        let (client, _) = try self.running(rig, peer, FakeClient.chat)
        rig.core.drain()
        rig.core.endDraining()
        try client.channel.close().wait()
        #expect(drained == 0)
        let settle = try self.settled(rig, peer)
        #expect(settle.outcome == .disconnected && drained == 1)
    }
}
