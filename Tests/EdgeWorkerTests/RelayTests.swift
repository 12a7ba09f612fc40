import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

@Suite struct RelayTests {
    /// A client whose chat request has reached the upstream.
    private func running(
        _ rig: EdgeRig, _ peer: FakePeer, _ body: String = FakeClient.chat, version: String = "1.1"
    ) throws -> (client: FakeClient, stream: UInt64) {
        let client = try rig.client()
        try client.send(FakeClient.post(body, version: version))
        let stream = try #require(try peer.request()).stream
        return (client, stream)
    }

    private func body(_ text: String) -> String {
        text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
    }

    @Test func theRequestReachesTheUpstream() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        let (stream, request, body) = try #require(try peer.request())
        #expect(stream == 1)
        #expect(body == Array(FakeClient.stream.utf8))
        #expect(request.bodyLength == UInt64(body.count))
        #expect(request.endpoint == .chatCompletions && request.isStream && !request.askedForUsage)
        #expect(request.snapshot == 3 && request.blockForTest == 0)
        #expect(request.calls.map { $0.target } == [Target(provider: 1, model: Array("big".utf8))])
        let edited = try #require(BodySplice.apply(request.calls[0].splices, to: body))
        #expect(
            String(decoding: edited, as: UTF8.self)
                == FakeClient.stream.replacing(#""smart""#, with: #""big""#))
    }

    @Test func usageIsAskedForOnlyWhereItHelps() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        func asked(_ body: String, _ path: String = "/v1/chat/completions") throws -> (Bool, Int) {
            let client = try rig.client()
            try client.send(FakeClient.post(body, path: path))
            let request = try #require(try peer.request()).request
            return (request.askedForUsage, request.calls[0].splices.count)
        }
        #expect(try asked(#"{"model":"x","stream":true}"#) == (true, 1))
        #expect(try asked(#"{"model":"x","stream":false}"#) == (false, 0))
        #expect(try asked(#"{"model":"x"}"#) == (false, 0))
        #expect(try asked(#"{"model":"x","stream":true}"#, "/v1/embeddings") == (false, 0))
    }

    @Test func aUnaryReplyIsOneBufferAndByteExact() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.answer(stream, #"{"ok":1}"#)
        let buffer = try #require(try client.channel.readOutbound(as: ByteBuffer.self))
        #expect(try client.channel.readOutbound(as: ByteBuffer.self) == nil)
        let text = String(buffer: buffer)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("\r\ncontent-type: application/json\r\ncontent-length: 8\r\n"))
        #expect(text.hasSuffix("\r\n\r\n{\"ok\":1}"))
        #expect(client.isOpen)
        #expect(rig.core.metrics.inFlight == 0 && rig.core.budget.used == 0 && peer.link.load == 0)
    }

    @Test func headersOfTheReply() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        var head = FakePeer.head(429, length: 2)
        head.retryAfter = Array("7".utf8)
        head.providerRequestID = Array("req_1".utf8)
        try peer.send(head.frame(stream: stream) + FakePeer.chunk("{}", stream) + StreamEnd().frame(stream: stream))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 429 Too Many Requests\r\n"))
        #expect(text.contains("\r\nretry-after: 7\r\nx-sluice-provider-request-id: req_1\r\n"))
    }

    @Test func streamsAreChunkedOneWritePerTurn() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(FakePeer.head(stream: true, type: "text/event-stream").frame(stream: stream))
        let head = try client.received()
        #expect(head.contains("\r\ntransfer-encoding: chunked\r\n"))
        #expect(head.contains("\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n"))
        try peer.send(FakePeer.chunk("data: 1\n\n", stream) + FakePeer.chunk("data: 22\n\n", stream))
        #expect(try client.received() == "9\r\ndata: 1\n\n\r\na\r\ndata: 22\n\n\r\n")
        try peer.send(FakePeer.chunk("data: [DONE]\n\n", stream) + StreamEnd().frame(stream: stream))
        #expect(try client.received() == "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        #expect(client.isOpen)
    }

    @Test func largePiecesKeepTheirBytes() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        let bytes = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try peer.send(
            FakePeer.head(length: 60_000).frame(stream: stream) + FakePeer.chunk(bytes, stream)
                + StreamEnd().frame(stream: stream))
        #expect(Array(try client.receivedBytes().suffix(60_000)) == bytes)
    }

    @Test func http10GetsNoChunksAndAClose() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream, version: "1.0")
        try peer.send(
            FakePeer.head(stream: true).frame(stream: stream) + FakePeer.chunk("data: 1\n\n", stream)
                + StreamEnd().frame(stream: stream))
        let text = try client.received()
        #expect(!text.contains("chunked") && text.contains("\r\nconnection: close\r\n"))
        #expect(self.body(text) == "data: 1\n\n")
        #expect(!client.isOpen)
    }

    // MARK: Failures

    private static let failure = GatewayError(
        code: "provider_timeout", type: "server_error", status: 504, source: .provider, message: "slow", retryAfter: 3)

    @Test func failureBeforeTheHeadIsAnError() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(StreamEnd(failure: Self.failure).frame(stream: stream))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n") && text.contains("\r\nretry-after: 3\r\n"))
        #expect(
            self.body(text)
                == #"{"error":{"message":"slow","type":"server_error","param":null,"code":"provider_timeout"}}"#)
        #expect(client.isOpen)
    }

    @Test func failureInAStreamIsAnEventAndNoCleanEnd() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(
            FakePeer.head(stream: true).frame(stream: stream) + FakePeer.chunk("data: 1\n\n", stream)
                + StreamEnd(failure: Self.failure).frame(stream: stream))
        let body = self.body(try client.received())
        let event =
            #"data: {"error":{"message":"slow","type":"server_error","param":null,"code":"provider_timeout"}}"# + "\n\n"
        #expect(body == "9\r\ndata: 1\n\n\r\n" + String(event.utf8.count, radix: 16) + "\r\n" + event + "\r\n")
        #expect(!client.isOpen)
        #expect(rig.core.metrics.inFlight == 0)
    }

    @Test func failureInAUnaryReplyClosesShort() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.send(
            FakePeer.head(length: 100).frame(stream: stream) + FakePeer.chunk("{", stream)
                + StreamEnd(failure: Self.failure).frame(stream: stream))
        #expect(self.body(try client.received()) == "{")
        #expect(!client.isOpen)
    }

    @Test func aReplyOfAnotherLengthThanAnnouncedNeverEndsClean() throws {
        for (announced, sent) in [(100, "short"), (2, "longer")] {
            let rig = try EdgeRig()
            let peer = try rig.upstream()
            let (client, stream) = try self.running(rig, peer)
            try peer.send(
                FakePeer.head(length: UInt64(announced)).frame(stream: stream) + FakePeer.chunk(sent, stream)
                    + StreamEnd().frame(stream: stream))
            #expect(self.body(try client.received()).utf8.count < announced)
            #expect(!client.isOpen)
        }
    }

    @Test func lostLink() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let before = try self.running(rig, peer)
        let stream = try self.running(rig, peer, FakeClient.stream)
        try peer.send(FakePeer.head(stream: true).frame(stream: stream.stream))
        _ = try stream.client.received()
        try peer.channel.close().wait()
        let text = try before.client.received()
        #expect(text.hasPrefix("HTTP/1.1 502 ") && text.contains(#""code":"upstream_lost""#))
        #expect(before.client.isOpen)
        let event = try stream.client.received()
        #expect(event.contains(#"data: {"error":"#) && event.contains("upstream_lost") && !event.contains("\r\n0\r\n"))
        #expect(!stream.client.isOpen)
        #expect(rig.sink.lines.count { $0.contains("upstream_lost") } == 2)
    }

    @Test func peerThatBreaksTheProtocolLosesTheLink() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.send(FakePeer.chunk("before the head", stream))
        #expect(!peer.channel.isActive)
        #expect(try client.status() == 502)

        let second = try rig.upstream(4)
        let flooded = try self.running(rig, second, FakeClient.stream)
        flooded.client.channel.isWritable = false
        try second.send(FakePeer.head(stream: true).frame(stream: flooded.stream))
        let piece = [UInt8](repeating: 1, count: WireLimits.replyWindow)
        try second.send(FakePeer.chunk(piece, flooded.stream))
        #expect(second.channel.isActive)
        try second.send(FakePeer.chunk([1], flooded.stream))
        #expect(!second.channel.isActive)
    }

    @Test func framesOfForgottenStreamsAreDropped() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        try peer.answer(77, "{}")
        #expect(peer.channel.isActive)
    }

    // MARK: Waiting for an upstream

    @Test func aRequestWaitsForAnUpstream() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        #expect(try client.received().isEmpty)
        #expect(rig.core.metrics.inFlight == 1)
        rig.advance(.seconds(4))
        let peer = try FakePeer(rig, role: .upstream, instance: 3)
        try peer.send(Hello(role: .upstream, instance: 3, build: EdgeRig.build).frame())
        let frames = try peer.frames()
        #expect(frames.map { $0.type } == [.hello, .request, .body])
        try peer.answer(frames[1].stream, "{}")
        #expect(try client.status() == 200)
    }

    @Test func andNotForEver() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        rig.advance(.seconds(6))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("\r\nretry-after: 1\r\n"))
        #expect(text.contains("gateway_unavailable"))
        #expect(rig.core.budget.used == 0 && rig.core.metrics.inFlight == 0)
    }

    @Test func theLeastBusyUpstreamGetsTheNextRequest() throws {
        let rig = try EdgeRig()
        let peers = try [rig.upstream(3), rig.upstream(4)]
        let clients = try (0..<6).map { _ in try rig.client() }
        for client in clients { try client.send(FakeClient.post(FakeClient.chat)) }
        #expect(peers.map { $0.link.load } == [3, 3])
    }
}
