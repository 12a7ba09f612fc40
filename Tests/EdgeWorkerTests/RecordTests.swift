import Domain
import IPC
import Journal
import Metrics
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// Each way a request can end: one BEGIN, one SETTLE, and SETTLE before the last byte.
@Suite struct RecordTests {
    private static let price = Price(.init(input: 1_000_000, output: 2_000_000))

    private func rig() throws -> EdgeRig {
        try EdgeRig {
            $0.prices = [RecordTests.price]
            $0.routes.aliases = [
                .init(
                    name: Array("smart".utf8),
                    targets: [
                        Target(provider: 1, model: Array("big".utf8), price: 0),
                        Target(provider: 0, model: Array("spare".utf8)),
                    ])
            ]
        }
    }

    /// A client whose every write is in the journal's list too.
    private func client(_ rig: EdgeRig) throws -> FakeClient {
        let client = try rig.client()
        try client.channel.pipeline.syncOperations.addHandler(WriteWitness(rig.journal), position: .first)
        return client
    }

    /// A client whose request has reached the upstream.
    private func running(
        _ rig: EdgeRig, _ peer: FakePeer, _ body: String = FakeClient.chat, version: String = "1.1"
    ) throws -> (client: FakeClient, stream: UInt64) {
        let client = try self.client(rig)
        try client.send(FakeClient.post(body, version: version))
        return (client, try #require(try peer.request()).stream)
    }

    private static func report(
        call: UInt8 = 0, number: UInt8 = 1, billed: Billed = .yes, source: UsageSource = .provider,
        usage: TokenUsage? = TokenUsage(input: 7, output: 5), cost: Int64? = 17_000
    ) -> AttemptReport {
        AttemptReport(
            call: call, number: number, status: 200, billed: billed, usageSource: source, usage: usage, cost: cost,
            firstContent: 1, total: 2)
    }

    private static func end(_ failure: GatewayError? = nil, _ attempts: [AttemptReport] = [report()]) -> StreamEnd {
        StreamEnd(failure: failure, usage: TokenUsage(input: 7, output: 5), finish: .stop, attempts: attempts)
    }

    private static let failure = GatewayError(
        code: "provider_timeout", type: "server_error", status: 504, source: .provider, message: "slow")

    /// SETTLE stands in the list before the last write that reached the client.
    private func isSettledBeforeTheLastByte(_ rig: EdgeRig) -> Bool {
        let events = rig.journal.events
        let settled = events.lastIndex { if case .settle = $0 { true } else { false } }
        let wrote = events.lastIndex { if case .wrote = $0 { true } else { false } }
        guard let settled, let wrote else { return false }
        return settled < wrote
    }

    // MARK: Whole replies

    @Test func aWholeReply() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let client = try self.client(rig)
        let trace = "0af7651916cd43dd8448eb211c80319c"
        try client.send(
            FakeClient.post(
                FakeClient.chat,
                headers: [
                    "x-request-id: mine", "traceparent: 00-\(trace)-b7ad6b7169203331-01", "x-sluice-tags: team=a",
                ]))
        let stream = try #require(try peer.request()).stream
        // BEGIN is there before the upstream knows of the request.
        let begin = try #require(rig.journal.begins.first)
        #expect(rig.journal.events.count == 1)
        #expect(begin.principal == .staticKey && begin.endpoint == .chatCompletions)
        #expect(begin.bodyBytes == UInt64(FakeClient.chat.utf8.count) && begin.fingerprint != 0)
        #expect(begin.traceID.prefix(3) == [0x0A, 0xF7, 0x65] && begin.traceID.count == 16)
        #expect(begin.label == Array("mine".utf8) && begin.tags == Array("team=a".utf8))

        let reply = #"{"ok":1}"#
        try peer.send(
            FakePeer.head(length: 8).frame(stream: stream) + FakePeer.chunk(reply, stream)
                + Self.end().frame(stream: stream))
        #expect(try client.received().hasSuffix("\r\n\r\n" + reply))
        let settle = try #require(rig.journal.only)
        #expect(settle.rank == .edge && settle.status == 200 && settle.outcome == .complete && settle.finish == .stop)
        #expect(settle.model == Array("smart".utf8) && settle.modelSent == Array("big".utf8))
        #expect(settle.provider == Array("local".utf8) && !settle.isStream && settle.error.isEmpty)
        #expect(settle.usage == TokenUsage(input: 7, output: 5) && settle.usageSource == .provider)
        #expect(settle.cost == 17_000 && settle.attempts == 1 && settle.replyBytes == 8)
        #expect(self.isSettledBeforeTheLastByte(rig))
    }

    @Test func theLastPieceWaitsForTheEnd() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.send(FakePeer.head(length: 8).frame(stream: stream) + FakePeer.chunk("{\"ok", stream))
        #expect(try client.received().hasSuffix("\r\n\r\n{\"ok"))
        try peer.send(FakePeer.chunk("\":1}", stream))
        #expect(try client.received().isEmpty && rig.journal.settles.isEmpty)
        try peer.send(Self.end().frame(stream: stream))
        #expect(try client.received() == "\":1}")
        #expect(rig.journal.only?.replyBytes == 8 && self.isSettledBeforeTheLastByte(rig))
    }

    @Test(arguments: [204, 200]) func aReplyWithoutABodyWaitsWhole(status: UInt16) throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.send(FakePeer.head(status, length: 0).frame(stream: stream))
        #expect(try client.received().isEmpty)
        try peer.send(Self.end().frame(stream: stream))
        #expect(try client.status() == Int(status))
        #expect(rig.journal.only?.status == status && self.isSettledBeforeTheLastByte(rig))

        // It failed after all: nothing of the first head is seen.
        let other = try self.running(rig, peer)
        rig.journal.clear()
        try peer.send(
            FakePeer.head(status, length: 0).frame(stream: other.stream)
                + Self.end(Self.failure).frame(stream: other.stream))
        #expect(try other.client.status() == 504)
        #expect(rig.journal.settles.map { $0.status } == [504])
    }

    @Test(arguments: ["1.1", "1.0"]) func aWholeStream(version: String) throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream, version: version)
        try peer.send(FakePeer.head(stream: true).frame(stream: stream) + FakePeer.chunk("data: 1\n\n", stream))
        _ = try client.received()
        #expect(rig.journal.settles.isEmpty)
        try peer.send(Self.end().frame(stream: stream))
        #expect(try client.received() == (version == "1.1" ? "0\r\n\r\n" : ""))
        let settle = try #require(rig.journal.only)
        #expect(settle.isStream && settle.outcome == .complete && settle.replyBytes == 9)
        #expect(client.isOpen == (version == "1.1"))
        if version == "1.1" { #expect(self.isSettledBeforeTheLastByte(rig)) }
    }

    @Test func aProvidersErrorIsAWholeReply() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        let attempt = Self.report(billed: .no, source: .none, usage: nil, cost: nil)
        try peer.send(
            FakePeer.head(429, length: 2).frame(stream: stream) + FakePeer.chunk("{}", stream)
                + StreamEnd(attempts: [attempt]).frame(stream: stream))
        #expect(try client.status() == 429)
        let settle = try #require(rig.journal.only)
        #expect(settle.status == 429 && settle.outcome == .complete && settle.error.isEmpty)
        #expect(settle.usage == TokenUsage() && settle.usageSource == .none && settle.cost == 0)
        #expect(settle.attempts == 1 && settle.provider == Array("local".utf8))
    }

    @Test func timesAreInOrder() throws {
        let rig = try self.rig()
        let client = try self.client(rig)
        let post = FakeClient.post(FakeClient.chat)
        try client.send(String(post.dropLast(5)))
        rig.advance(.milliseconds(10))
        try client.send(String(post.suffix(5)))
        rig.advance(.milliseconds(20))
        let peer = try FakePeer(rig, role: .upstream, instance: 3)
        try peer.send(Hello(role: .upstream, instance: 3, build: EdgeRig.build).frame())
        let stream = try #require(try peer.frames().first { $0.type == .request }).stream
        rig.advance(.milliseconds(30))
        try peer.send(FakePeer.head(length: 2).frame(stream: stream) + FakePeer.chunk("{", stream))
        rig.advance(.milliseconds(40))
        try peer.send(FakePeer.chunk("}", stream) + Self.end().frame(stream: stream))
        let settle = try #require(rig.journal.only)
        #expect(settle.received == 10_000 && settle.dispatched == 30_000)
        #expect(settle.firstByte == 60_000 && settle.total == 100_000)
    }

    // MARK: Refusals

    @Test func refusalsBeforeTheBodyLeaveNothing() throws {
        let rig = try EdgeRig { $0.http.maxBody = 100 }
        let requests = [
            FakeClient.post(FakeClient.chat, key: "wrong"), FakeClient.post(FakeClient.chat, key: nil),
            FakeClient.post(FakeClient.chat, path: "/v1/none"),
            FakeClient.post(String(repeating: "a", count: 101)),
            FakeClient.post(FakeClient.chat, headers: ["X: \(String(repeating: "a", count: 70_000))"]),
            FakeClient.post(FakeClient.chat, headers: ["content-encoding: gzip"]),
            FakeClient.post(FakeClient.chat, headers: ["x-sluice-tags: \(String(repeating: "a", count: 1025))"]),
            FakeClient.head("GET /v1/models HTTP/1.1", ["x-api-key: \(EdgeRig.key)"]),
            FakeClient.head("GET /health HTTP/1.1"), "nonsense\r\n\r\n",
        ]
        for request in requests {
            let client = try self.client(rig)
            try client.send(request)
            #expect(try client.received().hasPrefix("HTTP/1.1 "), "\(request.prefix(60))")
        }
        let slow = try self.client(rig)
        try slow.send(String(FakeClient.post(FakeClient.chat).dropLast(3)))
        rig.advance(.seconds(120))
        #expect(try slow.status() == 408)
        let gone = try self.client(rig)
        try gone.send(String(FakeClient.post(FakeClient.chat).dropLast(3)))
        try gone.channel.close().wait()
        #expect(rig.journal.begins.isEmpty && rig.journal.settles.isEmpty)
    }

    @Test(arguments: [
        ("{", 400, "invalid_json"), ("{}", 400, "missing_model"), ("", 400, "invalid_json"),
        (#"{"model":"smart","model":"smart"}"#, 400, "duplicate_member"),
    ])
    func refusalsOfTheBodyAreRecorded(body: String, status: Int, code: String) throws {
        let rig = try self.rig()
        let client = try self.client(rig)
        try client.send(FakeClient.post(body))
        let text = try client.received()
        #expect(text.hasPrefix("HTTP/1.1 \(status) "))
        let settle = try #require(rig.journal.only)
        #expect(settle.status == UInt16(status) && settle.outcome == .error && settle.error == Array(code.utf8))
        #expect(settle.model.isEmpty && settle.provider.isEmpty && settle.attempts == 0 && settle.cost == 0)
        #expect(settle.replyBytes > 0)
        #expect(self.isSettledBeforeTheLastByte(rig))
    }

    @Test func anUnknownModelIsRecorded() throws {
        let rig = try EdgeRig { $0.routes.defaultProvider = nil }
        let client = try self.client(rig)
        try client.send(FakeClient.post(#"{"model":"nobody"}"#))
        #expect(try client.status() == 404)
        #expect(rig.journal.only?.error == Array("model_not_found".utf8))
    }

    @Test func noUpstreamIsRecorded() throws {
        let rig = try self.rig()
        let client = try self.client(rig)
        try client.send(FakeClient.post(FakeClient.chat))
        rig.advance(.seconds(6))
        #expect(try client.status() == 503)
        let settle = try #require(rig.journal.only)
        #expect(settle.error == Array("gateway_unavailable".utf8) && settle.dispatched == 0)
        #expect(settle.model == Array("smart".utf8) && settle.provider.isEmpty && settle.attempts == 0)
    }

    // MARK: Failures

    @Test func aFailureBeforeTheHead() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        let attempts = [
            Self.report(billed: .no, source: .none, usage: nil, cost: nil),
            Self.report(call: 1, number: 2, source: .estimated, usage: TokenUsage(input: 10), cost: 3),
        ]
        try peer.send(Self.end(Self.failure, attempts).frame(stream: stream))
        #expect(try client.status() == 504)
        let settle = try #require(rig.journal.only)
        #expect(settle.status == 504 && settle.outcome == .error && settle.error == Array("provider_timeout".utf8))
        #expect(settle.attempts == 2 && settle.usage == TokenUsage(input: 10) && settle.usageSource == .estimated)
        #expect(settle.cost == 3 && settle.provider == Array("openai".utf8) && settle.fault == .provider)
        #expect(settle.modelSent == Array("spare".utf8) && self.isSettledBeforeTheLastByte(rig))
    }

    /// What a provider says itself is passed on as it is.
    @Test(arguments: [(UInt16(400), GatewayError.Source.client), (404, .client), (429, .provider), (503, .provider)])
    func theFaultOfAnErrorThatIsPassedOn(_ status: UInt16, _ fault: GatewayError.Source) throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.send(
            FakePeer.head(status, length: 2).frame(stream: stream) + FakePeer.chunk("{}", stream)
                + Self.end().frame(stream: stream))
        #expect(try client.status() == Int(status))
        let settle = try #require(rig.journal.only)
        #expect(settle.status == status && settle.outcome == .complete && settle.fault == fault)
    }

    @Test func aStreamCutWithAnEvent() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(FakePeer.head(stream: true).frame(stream: stream) + FakePeer.chunk("data: 1\n\n", stream))
        _ = try client.received()
        try peer.send(Self.end(Self.failure).frame(stream: stream))
        #expect(try client.received().contains("provider_timeout"))
        let settle = try #require(rig.journal.only)
        #expect(settle.status == 200 && settle.outcome == .error && settle.error == Array("provider_timeout".utf8))
        #expect(settle.usage.output == 5 && settle.replyBytes > 9 && self.isSettledBeforeTheLastByte(rig))
    }

    @Test(arguments: [(100, "short"), (2, "longer")])
    func aReplyOfTheWrongLength(announced: UInt64, sent: String) throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer)
        try peer.send(FakePeer.head(length: announced).frame(stream: stream) + FakePeer.chunk(sent, stream))
        _ = try client.received()
        if announced == 2 {
            #expect(try peer.answerCancels(Self.end(FakePeer.cancelled.failure)) == 1)
        } else {
            try peer.send(Self.end().frame(stream: stream))
        }
        _ = try client.received()
        let settle = try #require(rig.journal.only)
        #expect(settle.outcome == .error && settle.error == Array("provider_invalid_response".utf8))
        #expect(settle.status == 200 && settle.usage.output == 5 && !client.isOpen)
    }

    @Test func theUpstreamIsLost() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let waiting = try self.running(rig, peer)
        let streaming = try self.running(rig, peer, FakeClient.stream)
        try peer.send(
            FakePeer.head(stream: true).frame(stream: streaming.stream)
                + FakePeer.chunk([UInt8](repeating: 0x61, count: 4000), streaming.stream))
        _ = try streaming.client.received()
        try peer.channel.close().wait()
        #expect(try waiting.client.status() == 502)
        #expect(try streaming.client.received().contains("upstream_lost"))
        #expect(rig.journal.begins.count == 2 && rig.journal.settles.count == 2)
        let first = try #require(rig.journal.settles.first { !$0.isStream })
        #expect(first.status == 502 && first.error == Array("upstream_lost".utf8) && first.outcome == .error)
        #expect(first.usage == TokenUsage() && first.usageSource == .none && first.cost == 0)
        #expect(first.provider == Array("local".utf8) && first.modelSent == Array("big".utf8))
        // What the client had of the stream is estimated, and costs what the planned target takes.
        let second = try #require(rig.journal.settles.first { $0.isStream })
        #expect(second.status == 200 && second.error == first.error && second.outcome == .error)
        #expect(second.usageSource == .estimated && second.usage.input > 0 && second.usage.output > 0)
        #expect(second.cost == Self.price.cost(of: second.usage) && second.attempts == 1)
    }

    @Test func embeddingsOfALostUpstreamHaveNoOutputTokens() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(#"{"model":"smart","input":"some text"}"#, path: "/v1/embeddings"))
        let stream = try #require(try peer.request()).stream
        try peer.send(
            FakePeer.head(length: 300_000).frame(stream: stream)
                + FakePeer.chunk([UInt8](repeating: 0x31, count: 40_000), stream))
        try peer.channel.close().wait()
        let settle = try #require(rig.journal.only)
        #expect(settle.usageSource == .estimated && settle.usage.input > 0 && settle.usage.output == 0)
        #expect(settle.cost == Self.price.cost(of: settle.usage))
    }

    @Test func aCommentIsNoContent() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(FakePeer.head(stream: true).frame(stream: stream) + FakePeer.chunk(": keep-alive\n\n", stream))
        #expect(try client.received().contains(": keep-alive"))
        try peer.channel.close().wait()
        #expect(try client.received().contains("upstream_lost"))
        let settle = try #require(rig.journal.only)
        #expect(settle.status == 200 && settle.usageSource == .none && settle.cost == 0)
        #expect(settle.replyBytes > 0 && settle.firstByte == settle.total)
        let first = rig.core.metrics.series.first { $0.name == "sluice_time_to_first_token_seconds" }
        #expect(first == nil)
    }

    @Test func drainingEndsWithTheRealNumbers() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let (client, stream) = try self.running(rig, peer, FakeClient.stream)
        try peer.send(FakePeer.head(stream: true).frame(stream: stream) + FakePeer.chunk("data: 1\n\n", stream))
        _ = try client.received()
        rig.core.drain()
        rig.core.endDraining()
        rig.core.endDraining()
        #expect(rig.journal.settles.isEmpty)
        // What was on its way does not pass any more.
        try peer.send(FakePeer.chunk("data: 2\n\n", stream))
        #expect(try client.received().isEmpty)
        #expect(try peer.answerCancels(Self.end(FakePeer.cancelled.failure)) == 1)
        let text = try client.received()
        #expect(text.contains("gateway_draining") && !text.contains("data: 2"))
        let settle = try #require(rig.journal.only)
        #expect(settle.outcome == .error && settle.error == Array("gateway_draining".utf8))
        #expect(settle.usage.output == 5 && settle.cost == 17_000 && self.isSettledBeforeTheLastByte(rig))
    }

    @Test func aProcessThatEndsSettlesEverything() throws {
        let rig = try self.rig()
        var drained = 0
        rig.core.onDrained = { drained += 1 }
        let peer = try rig.upstream()
        let stays = try self.running(rig, peer)
        let leaves = try self.running(rig, peer)
        try leaves.client.channel.close().wait()
        rig.core.drain()
        rig.core.endDraining()
        #expect(drained == 0 && rig.journal.settles.isEmpty)
        // The upstream says nothing.
        rig.core.giveUp()
        #expect(try stays.client.received().contains("gateway_draining"))
        #expect(Set(rig.journal.settles.map { $0.outcome }) == [.error, .disconnected])
        #expect(rig.journal.settles.count == 2 && drained > 0)
        // Too late for everybody.
        try peer.answerCancels()
        rig.advance(.seconds(20))
        #expect(rig.journal.settles.count == 2)
    }
}

/// Tells the journal's list of each write that reaches the socket.
private final class WriteWitness: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let journal: RecordingJournal

    init(_ journal: RecordingJournal) {
        self.journal = journal
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let text = String(buffer: self.unwrapOutboundIn(data))
        if !text.isEmpty { self.journal.wrote(text) }
        context.write(data, promise: promise)
    }
}
