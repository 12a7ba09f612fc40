import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// Bodies nobody wants, and reading that has to go on after a refusal.
@Suite struct UnreadBodyTests {
    private func aggregator(_ rig: EdgeRig) throws -> FakePeer {
        let peer = try FakePeer(rig, role: .aggregator, instance: 1)
        try peer.open()
        return peer
    }

    @Test(arguments: [false, true]) func theBodyOfAnotherRouteIsNotTheNextRequests(isSplit: Bool) throws {
        let rig = try EdgeRig()
        let aggregator = try self.aggregator(rig)
        let upstream = try rig.upstream()
        let client = try FakeClient(rig, remoteAddress: "127.0.0.1")
        let smuggled = #"{"model":"evil","messages":[]}"#
        try client.send(FakeClient.head("GET /metrics HTTP/1.1", ["Content-Length: \(smuggled.utf8.count)"]))
        if isSplit {
            try client.send(String(smuggled.prefix(9)))
            try client.send(String(smuggled.dropFirst(9)))
        } else {
            try client.send(smuggled)
        }
        #expect(rig.core.budget.used == 0)
        let stream = try #require(try aggregator.frames().first { $0.type == .request }).stream
        try aggregator.answer(stream, "up 1\n")
        #expect(try client.status() == 200)
        try client.send(FakeClient.post(FakeClient.chat))
        #expect(try upstream.request()?.body == Array(FakeClient.chat.utf8))
        #expect(rig.core.budget.used == 0)
    }

    @Test func aLateBodyDoesNotPutASecondHeadIntoAReply() throws {
        let rig = try EdgeRig()
        let aggregator = try self.aggregator(rig)
        let client = try FakeClient(rig, remoteAddress: "127.0.0.1")
        try client.send(FakeClient.head("GET /metrics HTTP/1.1", ["Content-Length: 5"]))
        let stream = try #require(try aggregator.frames().first { $0.type == .request }).stream
        try aggregator.send(FakePeer.head().frame(stream: stream))
        rig.advance(.seconds(11))
        #expect(try client.received().components(separatedBy: "HTTP/1.1 ").count == 2)
        #expect(!client.isOpen)
        #expect(try aggregator.frames().contains { $0.type == .cancel })
    }

    @Test func readingGoesOnAfterTheBudgetsRefusal() throws {
        let rig = try EdgeRig(bodyBudget: 1000)
        let client = try rig.client()
        let reads = ReadCounter()
        try client.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        let head = FakeClient.head(
            "POST /v1/embeddings HTTP/1.1", ["x-api-key: \(EdgeRig.key)", "Content-Length: 2000"])
        try client.send(head + String(repeating: "a", count: 1500))
        client.channel.read()
        #expect(reads.count == 0)
        rig.advance(.seconds(6))
        #expect(try client.status() == 503)
        #expect(reads.count == 1)
        try client.send(String(repeating: "a", count: 500) + FakeClient.head("GET /health HTTP/1.1"))
        #expect(try client.status() == 200)
    }
}

/// Counts the reads that get to the socket.
private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        self.count += 1
        context.read()
    }
}
