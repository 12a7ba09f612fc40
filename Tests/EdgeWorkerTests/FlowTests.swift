import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

@Suite struct FlowTests {
    private func credits(_ peer: FakePeer) throws -> [Int] {
        try peer.frames().filter { $0.type == .credit && $0.stream > 0 }.map { frame in
            Int(unsafe try frame.payload.withUnsafeBytes { unsafe try Credit(payload: $0) }.bytes)
        }
    }

    @Test func creditComesBackWhenTheSocketHasTakenTheBytes() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        let stream = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: stream))
        let half = [UInt8](repeating: 0x61, count: WireLimits.replyWindow / 2)
        try peer.send(FakePeer.chunk(half, stream))
        #expect(try self.credits(peer) == [half.count])

        client.channel.isWritable = false
        try peer.send(FakePeer.chunk(half, stream))
        #expect(try self.credits(peer).isEmpty)
        client.channel.isWritable = true
        client.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try self.credits(peer) == [half.count])
    }

    @Test func whatASlowClientDoesNotTakeIsGatheredInOneBuffer() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        let stream = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: stream))
        _ = try client.received()
        client.channel.isWritable = false
        for number in 0..<100 { try peer.send(FakePeer.chunk("data: \(number)\n\n", stream)) }
        #expect(try client.received().isEmpty)
        client.channel.isWritable = true
        client.channel.pipeline.fireChannelWritabilityChanged()
        rig.loop.run()
        let text = String(buffer: try #require(try client.channel.readOutbound(as: ByteBuffer.self)))
        #expect(try client.channel.readOutbound(as: ByteBuffer.self) == nil)
        #expect(text.hasPrefix("9\r\ndata: 0\n\n\r\n9\r\ndata: 1\n\n\r\n"))
        #expect(text.hasSuffix("a\r\ndata: 99\n\n\r\n"))
        try peer.send(StreamEnd().frame(stream: stream))
        #expect(try client.received() == "0\r\n\r\n")
    }

    @Test func aSlowClientStopsItsOwnStreamOnly() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let slow = try rig.client()
        let fast = try rig.client()
        try slow.send(FakeClient.post(FakeClient.stream))
        let slowStream = try #require(try peer.request()).stream
        try fast.send(FakeClient.post(FakeClient.chat))
        let fastStream = try #require(try peer.request()).stream
        slow.channel.isWritable = false
        try peer.send(FakePeer.head(stream: true).frame(stream: slowStream))
        try peer.send(FakePeer.chunk([UInt8](repeating: 1, count: WireLimits.replyWindow), slowStream))
        try peer.answer(fastStream, "{}")
        #expect(try fast.status() == 200)
    }

    @Test func aLargeBodyFollowsTheUpstreamsWindow() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let filler = String(repeating: "x", count: WireLimits.bodyWindow + 500_000)
        let body = #"{"model":"smart","messages":["\#(filler)"]}"#
        let request = Array(FakeClient.post(body).utf8)
        for start in stride(from: 0, to: request.count, by: 50_000) {
            try client.send(Array(request[start..<min(start + 50_000, request.count)]))
        }
        let first = try #require(try peer.request())
        #expect(first.body.count == WireLimits.bodyWindow)
        #expect(rig.core.budget.used == body.utf8.count)
        try peer.send(Credit(bytes: UInt32(WireLimits.bodyWindow)).frame(stream: first.stream))
        let rest = try peer.frames()
        #expect(first.body + rest.flatMap { $0.payload } == Array(body.utf8))
        #expect(rest.last?.flags == FrameHeader.lastFlag)
        #expect(rig.core.budget.used == 0)
    }

    // MARK: The client goes

    @Test func aClientThatResetsCancelsTheCall() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        _ = try peer.request()
        try client.channel.close().wait()
        #expect(rig.core.metrics.inFlight == 0 && rig.core.openConnections == 0)
        // The stream stays open for the upstream's last word.
        #expect(peer.link.load == 1)
        #expect(try peer.answerCancels() == 1)
        #expect(peer.link.load == 0 && rig.core.departed.isEmpty)
    }

    @Test func aClientThatOnlyStopsSendingGetsItsReply() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        let stream = try #require(try peer.request()).stream
        client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        // The probe that a client which has gone would answer with a reset.
        #expect(try client.received() == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(client.isOpen)
        try peer.answer(stream, "{}")
        #expect(try client.received().hasSuffix("\r\n\r\n{}"))
        #expect(!client.isOpen)
    }

    @Test func endOfInputDuringAReplyIsAGoneClient() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        let stream = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: stream))
        client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try peer.frames().map { $0.type } == [.cancel])
        _ = try client.received()
        #expect(!client.isOpen)
    }

    @Test func endOfInputInsideARequestClosesQuietly() throws {
        let rig = try EdgeRig()
        for part in [
            "", "GET / HT",
            "POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nx-api-key: \(EdgeRig.key)\r\nContent-Length: 9\r\n\r\n{",
        ] {
            let client = try rig.client()
            try client.send(part)
            client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            #expect(try client.received().isEmpty)
            #expect(!client.isOpen)
        }
        #expect(rig.core.budget.used == 0 && rig.core.openConnections == 0)
    }

    @Test func aWaitingRequestOfAGoneClientIsForgotten() throws {
        let rig = try EdgeRig()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        try client.channel.close().wait()
        let peer = try rig.upstream()
        #expect(try peer.frames().isEmpty)
        #expect(rig.core.budget.used == 0)
    }

    // MARK: Memory

    @Test func theBodyBudgetStopsReadingAndThenRefuses() throws {
        let rig = try EdgeRig(bodyBudget: 1000)
        let first = try rig.client()
        let head = FakeClient.head(
            "POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Content-Length: 2000"])
        try first.send(head + String(repeating: "a", count: 1500))
        #expect(rig.core.budget.isExceeded)
        rig.advance(.seconds(6))
        #expect(try first.status() == 503)
        #expect(rig.core.budget.used == 0)
    }

    @Test func theBodyBudgetLetsGoOnWhenThereIsRoom() throws {
        let rig = try EdgeRig({ $0.http.headerTimeout = 3000 }, bodyBudget: 1000)
        let head = FakeClient.head(
            "POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Content-Length: 900"])
        let body = #"{"model":"m","input":"\#(String(repeating: "a", count: 900 - 24))"}"#
        #expect(body.utf8.count == 900)
        let peer = try rig.upstream()
        let first = try rig.client()
        try first.send(head + body.prefix(800))
        let second = try rig.client()
        try second.send(head + body.prefix(800))
        #expect(rig.core.budget.isExceeded)
        // Time in which the second is not read from does not count against it.
        rig.advance(.milliseconds(2900))
        try first.channel.close().wait()
        #expect(rig.core.budget.used == 800)
        rig.advance(.milliseconds(2400))
        #expect(second.isOpen)
        try second.send(String(body.dropFirst(800)))
        #expect(try peer.request()?.body == Array(body.utf8))
    }
}
