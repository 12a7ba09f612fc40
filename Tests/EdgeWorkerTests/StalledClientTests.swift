import Domain
import IPC
import IPCNIO
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// Clients that stop reading, and replies whose end is the end of the connection.
@Suite struct StalledClientTests {
    private static let second: UInt64 = 1_000_000_000

    private func connection(_ client: FakeClient) throws -> HTTPConnection {
        try client.channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
    }

    private func streaming(_ rig: EdgeRig, _ peer: FakePeer) throws -> (client: FakeClient, stream: UInt64) {
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        let stream = try #require(try peer.request()).stream
        try peer.send(FakePeer.head(stream: true).frame(stream: stream))
        _ = try client.received()
        return (client, stream)
    }

    @Test(arguments: [(75_000, 75), (100, 30)]) func aClientThatStopsReadingIsCutOff(idle: Int, patience: Int64) throws
    {
        let rig = try EdgeRig { $0.http.idleTimeout = UInt64(idle) }
        let peer = try rig.upstream()
        let (client, stream) = try self.streaming(rig, peer)
        let connection = try self.connection(client)
        client.channel.isWritable = false
        try peer.send(FakePeer.chunk("data: 1\n\n", stream))
        rig.advance(.seconds(patience - 1))
        #expect(client.isOpen)
        rig.advance(.seconds(2))
        #expect(!client.isOpen && connection.closing == .abort)
        #expect(try peer.frames().map { $0.type } == [.cancel])
        #expect(rig.core.metrics.inFlight == 0 && rig.core.openConnections == 0)
    }

    @Test func aSlowClientIsNotCutOff() throws {
        let rig = try EdgeRig { $0.http.idleTimeout = 30_000 }
        let peer = try rig.upstream()
        let (client, stream) = try self.streaming(rig, peer)
        for _ in 0..<6 {
            client.channel.isWritable = false
            try peer.send(FakePeer.chunk("data: 1\n\n", stream))
            rig.advance(.seconds(20))
            #expect(client.isOpen)
            client.channel.isWritable = true
            client.channel.pipeline.fireChannelWritabilityChanged()
            #expect(try client.received().hasSuffix("data: 1\n\n\r\n"))
        }
        // Nothing waits: the provider may take its time.
        rig.advance(.seconds(100))
        #expect(client.isOpen)
    }

    @Test func progressIsCountedInBytes() {
        var progress = OutputProgress(limits: HTTPLimits(headerTimeout: 10_000, idleTimeout: 40_000))
        progress.handedOver(1000)
        #expect(progress.isStalled(waits: true, buffered: 1000, now: 0) == false)
        #expect(progress.isStalled(waits: true, buffered: 999, now: 39 * Self.second) == false)
        // More output is no progress.
        progress.handedOver(500)
        #expect(progress.isStalled(waits: true, buffered: 1499, now: 78 * Self.second) == false)
        #expect(progress.isStalled(waits: true, buffered: 1499, now: 79 * Self.second) == true)
        #expect(progress.isStalled(waits: false, buffered: 0, now: 80 * Self.second) == false)
        #expect(progress.isStalled(waits: true, buffered: 0, now: 200 * Self.second) == false)
    }

    // MARK: Replies that end with the connection

    @Test(arguments: [("1.0", HTTPConnection.Closing.abort), ("1.1", .close)])
    func halfAReplyDoesNotLookWhole(version: String, closing: HTTPConnection.Closing) throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let connection = try self.connection(client)
        try client.send(FakeClient.post(FakeClient.chat, version: version))
        let stream = try #require(try peer.request()).stream
        try peer.send(FakePeer.head().frame(stream: stream) + FakePeer.chunk("{\"a\":", stream))
        client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        rig.core.endDraining()
        #expect(try client.received().contains("{\"a\":"))
        #expect(!client.isOpen && connection.closing == closing)
        #expect(try peer.frames().map { $0.type } == [.cancel])
    }

    @Test(arguments: [("1.0", HTTPConnection.Closing.abort), ("1.1", .close)])
    func aReplyThatIsNotTakenInTimeDoesNotLookWhole(version: String, closing: HTTPConnection.Closing) throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let connection = try self.connection(client)
        try client.channel.pipeline.syncOperations.addHandler(StuckSocket(), position: .first)
        try client.send(FakeClient.post(FakeClient.chat, version: version, headers: ["Connection: close"]))
        let stream = try #require(try peer.request()).stream
        try peer.send(
            FakePeer.head().frame(stream: stream) + FakePeer.chunk("{}", stream) + StreamEnd().frame(stream: stream))
        rig.advance(.seconds(29))
        #expect(client.isOpen)
        rig.advance(.seconds(2))
        #expect(!client.isOpen && connection.closing == closing)
    }

    @Test func aWholeReplyEndsClean() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let connection = try self.connection(client)
        try client.send(FakeClient.post(FakeClient.chat, version: "1.0"))
        let stream = try #require(try peer.request()).stream
        try peer.send(
            FakePeer.head().frame(stream: stream) + FakePeer.chunk("{}", stream) + StreamEnd().frame(stream: stream))
        #expect(try client.received().hasSuffix("\r\n\r\n{}"))
        #expect(!client.isOpen && connection.closing == .close)
    }
}

/// A socket that takes nothing.
private final class StuckSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private var promises: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if let promise { self.promises.append(promise) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        let promises = self.promises
        self.promises = []
        for promise in promises { promise.fail(ChannelError.ioOnClosedChannel) }
        context.close(mode: mode, promise: promise)
    }
}
