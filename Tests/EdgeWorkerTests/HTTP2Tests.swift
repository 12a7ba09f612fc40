import Domain
import IPC
import Journal
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import EdgeWorker

/// Requests and replies over HTTP/2.
@Suite struct HTTP2Tests {
    @Test func aRequestGetsItsReply() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.chat)
        let (link, request, body) = try #require(try peer.request())
        #expect(request.endpoint == .chatCompletions && body == Array(FakeClient.chat.utf8))
        try peer.answer(link, #"{"ok":1}"#)
        let reply = try client.reply(stream)
        #expect(reply.status == "200" && reply.body == #"{"ok":1}"# && reply.hasEnded && reply.reset == nil)
        #expect(reply.header("content-type") == "application/json" && reply.header("content-length") == "8")
        #expect(reply.header("x-sluice-record")?.utf8.count == 32 && reply.header("date") != nil)
        #expect(reply.header("connection") == nil && reply.header("transfer-encoding") == nil)
        #expect(rig.core.metrics.inFlight == 0 && rig.core.budget.used == 0 && peer.link.load == 0)
        #expect(client.isOpen && rig.core.openConnections == 1)
    }

    @Test func theKeyIsAskedForBeforeTheBody() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let stream = try client.begin(HTTP2Client.fields(key: "sk-wrong", more: [("content-length", "1000000")]))
        let reply = try client.reply(stream)
        #expect(reply.status == "401" && reply.hasEnded && reply.body.contains("invalid_api_key"))
        #expect(reply.header("www-authenticate") == "Bearer")
        // The rest is thrown away for a while, then no more is wanted.
        try client.body("xxxx", stream: stream, ends: false)
        #expect(try client.reply(stream).reset == nil)
        rig.advance(.seconds(3))
        #expect(try client.reply(stream).reset == .noError)
        #expect(client.isOpen && rig.core.budget.used == 0)
    }

    @Test func theClientMayEndAfterAnEarlyReply() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let stream = try client.begin(HTTP2Client.fields(key: nil))
        #expect(try client.reply(stream).status == "401")
        try client.body("{}", stream: stream)
        rig.advance(.seconds(3))
        #expect(try client.reply(stream).reset == nil)
    }

    @Test func manyStreamsAreOneConnection() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let streams = try (0..<50).map { _ in try client.post(FakeClient.chat) }
        #expect(rig.core.openConnections == 1 && rig.core.metrics.inFlight == 50)
        // In another order than they came.
        for link in (1...50).reversed() { try peer.answer(UInt64(link), "\(link)") }
        for (place, stream) in streams.enumerated() {
            let reply = try client.reply(stream)
            #expect(reply.status == "200" && reply.body == "\(place + 1)" && reply.hasEnded)
        }
        #expect(rig.core.openConnections == 1 && rig.core.metrics.inFlight == 0)
    }

    @Test func aStreamOfEventsEndsClean() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.stream)
        let link = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true, type: "text/event-stream").frame(stream: link))
        let head = try client.reply(stream)
        #expect(head.status == "200" && !head.hasEnded && head.header("content-type") == "text/event-stream")
        #expect(head.header("cache-control") == "no-cache")
        try peer.send(FakePeer.chunk("data: 1\n\n", link) + FakePeer.chunk("data: 2\n\n", link))
        #expect(try client.reply(stream).body == "data: 1\n\ndata: 2\n\n")
        try peer.send(FakePeer.chunk("data: [DONE]\n\n", link) + StreamEnd().frame(stream: link))
        let end = try client.reply(stream)
        #expect(end.body == "data: [DONE]\n\n" && end.hasEnded && end.reset == nil)
    }

    @Test func aBrokenStreamNeverEndsClean() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.stream)
        let link = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: link) + FakePeer.chunk("data: 1\n\n", link))
        _ = try client.reply(stream)
        try peer.send(StreamEnd(failure: .upstreamLost).frame(stream: link))
        let end = try client.reply(stream)
        #expect(end.body.hasPrefix("data: {\"error\":") && !end.hasEnded && end.reset == .internalError)
        #expect(client.isOpen)
    }

    @Test func anErrorBeforeTheHeadIsAReply() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.stream)
        let link = try #require(try peer.request()).stream
        try peer.send(StreamEnd(failure: .upstreamLost).frame(stream: link))
        let reply = try client.reply(stream)
        #expect(reply.status == "502" && reply.hasEnded && reply.reset == nil)
        #expect(reply.header("content-type") == "application/json")
    }

    @Test func halfAUnaryReplyIsReset() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.chat)
        let link = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(length: 100).frame(stream: link) + FakePeer.chunk("{", link))
        #expect(try client.reply(stream).body == "{")
        try peer.send(StreamEnd(failure: .upstreamLost).frame(stream: link))
        let end = try client.reply(stream)
        #expect(!end.hasEnded && end.reset == .internalError)
    }

    @Test func aResetCancels() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.post(FakeClient.stream)
        _ = try peer.request()
        try client.send(.rstStream(.cancel), stream: stream)
        #expect(try peer.answerCancels() == 1)
        #expect(rig.core.metrics.inFlight == 0 && client.isOpen && rig.core.departed.isEmpty)
        #expect(rig.journal.settles.last?.outcome == .disconnected)
    }

    @Test func aConnectionThatEndsCancelsItsStreams() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        for _ in 0..<3 { try client.post(FakeClient.stream) }
        _ = try peer.frames()
        client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        rig.loop.run()
        #expect(!client.isOpen && rig.core.openConnections == 0)
        #expect(try peer.answerCancels() == 3)
        #expect(rig.core.metrics.inFlight == 0)
    }

    @Test func aHeadOnlyReplyAndOneWithoutBody() throws {
        let rig = try EdgeRig { $0.corsOrigins = ["*"] }
        let client = try HTTP2Client(rig)
        let head = try client.reply(try client.get("/v1/models", method: "HEAD"))
        #expect(head.status == "200" && head.hasEnded && head.body.isEmpty && head.header("content-length") != nil)
        let preflight = try client.begin(
            HTTP2Client.fields(
                "OPTIONS", "/v1/models", key: nil,
                more: [("origin", "https://x.example"), ("access-control-request-method", "POST")]), ends: true)
        let reply = try client.reply(preflight)
        #expect(reply.status == "204" && reply.hasEnded && reply.header("access-control-allow-origin") != nil)
    }

    @Test func continueComesAfterTheKey() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let stream = try client.begin(HTTP2Client.fields(more: [("expect", "100-continue")]))
        #expect(try client.reply(stream).status == "100")
        try client.body(FakeClient.chat, stream: stream)
        try peer.answer(try #require(try peer.request()).stream, "{}")
        #expect(try client.reply(stream).status == "200")
        let wrong = try client.begin(HTTP2Client.fields(key: "x", more: [("expect", "100-continue")]))
        #expect(try client.reply(wrong).heads.compactMap { $0.first(name: ":status") } == ["401"])
    }

    @Test func aBodyInPieces() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig)
        let filler = String(repeating: "x", count: 300_000)
        let body = #"{"model":"smart","messages":["\#(filler)"]}"#
        let stream = try client.begin(HTTP2Client.fields(more: [("content-length", "\(body.utf8.count)")]))
        var rest = body[...]
        while !rest.isEmpty {
            let piece = rest.prefix(40_000)
            rest = rest.dropFirst(40_000)
            try client.body(String(piece), stream: stream, ends: rest.isEmpty)
        }
        let request = try #require(try peer.request())
        #expect(request.request.bodyLength == UInt64(body.utf8.count))
        try peer.answer(request.stream, "{}")
        #expect(try client.reply(stream).status == "200")
    }

    @Test func creditComesBackWhenTheClientHasTakenTheBytes() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig, window: 1000)
        let stream = try client.post(FakeClient.stream)
        let link = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: link))
        let half = [UInt8](repeating: 0x61, count: WireLimits.replyWindow / 2)
        try peer.send(FakePeer.chunk(half, link))
        #expect(try client.reply(stream).body.utf8.count == 1000)
        #expect(try peer.frames().filter { $0.type == .credit && $0.stream == link }.isEmpty)
        try client.send(.windowUpdate(windowSizeIncrement: 100_000), stream: stream)
        #expect(try client.reply(stream).body.utf8.count == half.count - 1000)
        #expect(try peer.frames().filter { $0.type == .credit && $0.stream == link }.count == 1)
    }

    @Test func aClientThatTakesNothingIsCutOff() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try HTTP2Client(rig, window: 100)
        let stream = try client.post(FakeClient.stream)
        let other = try client.post(FakeClient.stream)
        let links = try peer.frames().filter { $0.type == .request }.map { $0.stream }
        for link in links {
            try peer.send(FakePeer.head(stream: true).frame(stream: link))
            try peer.send(FakePeer.chunk([UInt8](repeating: 0x61, count: 20_000), link))
        }
        _ = try client.reply(stream)
        for _ in 0..<5 {
            rig.advance(.seconds(20))
            // This one is slow, not dead.
            try client.send(.windowUpdate(windowSizeIncrement: 8 << 10), stream: other)
        }
        #expect(try client.reply(stream).reset == .internalError)
        #expect(try client.reply(other).reset == nil)
        #expect(client.isOpen)
    }

    @Test func aStalledBodyIsTooLate() throws {
        let rig = try EdgeRig()
        let client = try HTTP2Client(rig)
        let stream = try client.begin(HTTP2Client.fields())
        rig.advance(.seconds(6))
        try client.body("{", stream: stream, ends: false)
        rig.advance(.seconds(6))
        #expect(try client.reply(stream).heads.isEmpty)
        rig.advance(.seconds(6))
        #expect(try client.reply(stream).status == "408")
        #expect(client.isOpen)
    }
}
