import Domain
import IPC
import Journal
import NIOCore
import NIOEmbedded
import NIOHTTP2
import Testing

@testable import EdgeWorker

/// How HTTP/2 connections end when the edge does.
@Suite struct HTTP2DrainTests {
    @Test func anIdleConnectionGoes() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        var isDrained = false
        rig.core.onDrained = { isDrained = true }
        rig.core.drain()
        let goAways = try client.goAways()
        #expect(goAways.map(\.last) == [Int(Int32.max), 0] && goAways.allSatisfy { $0.code == .noError })
        rig.advance(.milliseconds(100))
        #expect(!client.isOpen && isDrained)
    }

    @Test func whatRunsEndsFirst() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.stream)
        let link = try #require(try peer.request()).stream
        var isDrained = false
        rig.core.onDrained = { isDrained = true }
        rig.core.drain()
        #expect(try client.goAways().map(\.last) == [Int(Int32.max), 1])
        rig.advance(.milliseconds(100))
        #expect(client.isOpen && !isDrained)
        try peer.send(
            FakePeer.head(stream: true).frame(stream: link) + FakePeer.chunk("data: [DONE]\n\n", link)
                + StreamEnd().frame(stream: link))
        let reply = try client.reply(stream)
        #expect(reply.body == "data: [DONE]\n\n" && reply.hasEnded)
        #expect(!client.isOpen && isDrained)
    }

    @Test func whatComesBeforeTheClientKnowsIsServed() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        client.isCut = true
        rig.core.drain()
        rig.loop.run()
        client.isCut = false
        // The client's answer to PING and this request cross.
        #expect(try client.reply(try client.get("/v1/models")).status == "200" || !client.isOpen)
    }

    @Test func whatStillRunsAtTheEndGetsAnError() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let begun = try client.post(FakeClient.stream)
        let waiting = try client.post(FakeClient.stream)
        let links = try peer.frames().filter { $0.type == .request }.map { $0.stream }
        try peer.send(FakePeer.head(stream: true).frame(stream: links[0]) + FakePeer.chunk("data: 1\n\n", links[0]))
        _ = try client.reply(begun)
        var isDrained = false
        rig.core.onDrained = { isDrained = true }
        rig.core.drain()
        _ = try client.goAways()
        rig.core.endDraining()
        try peer.answerCancels()
        let end = try client.reply(begun)
        #expect(end.body.contains("gateway_draining") && !end.hasEnded && end.reset == .internalError)
        let reply = try client.reply(waiting)
        #expect(reply.status == "503" && reply.hasEnded)
        #expect(!client.isOpen && isDrained && rig.core.metrics.inFlight == 0)
    }

    @Test func aClientThatDoesNotAnswerIsNotWaitedFor() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        client.isCut = true
        rig.core.drain()
        rig.advance(.seconds(3))
        #expect(!client.isOpen && rig.core.openConnections == 0)
    }

    @Test func theProcessEndsAtOnce() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        try client.post(FakeClient.stream)
        _ = try peer.request()
        rig.core.giveUp()
        #expect(rig.journal.settles.count == 1 && rig.core.metrics.inFlight == 0)
    }
}
