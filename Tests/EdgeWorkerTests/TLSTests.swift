import IPC
import Metrics
import NIOCore
import NIOEmbedded
import NIOSSL
import NIOTLS
import Platform
import Testing

@testable import EdgeWorker

/// Certificates, and connections until TLS stands on them.
@Suite struct TLSTests {
    private func context(
        _ certificate: String = TLSFixtures.certificate, _ key: String = TLSFixtures.key
    ) throws(TLSFailure) -> TLSContext {
        guard let certificate = try? TLSFixtures.file(certificate), let key = try? TLSFixtures.file(key) else {
            throw .unusable("no memory")
        }
        return try TLSContext(certificate: certificate.number, key: key.number)
    }

    @Test func filesAreReadFromTheirBeginning() throws {
        let certificate = try TLSFixtures.file(TLSFixtures.certificate)
        let key = try TLSFixtures.file(TLSFixtures.key)
        // Twice: the descriptors are shared with other edges.
        for _ in 0..<2 { _ = try TLSContext(certificate: certificate.number, key: key.number) }
    }

    @Test func whatCannotBeUsedIsRefused() throws {
        #expect(throws: TLSFailure.keyIsForAnother) { try self.context(TLSFixtures.certificate, TLSFixtures.otherKey) }
        #expect(throws: TLSFailure.badKey) { try self.context(TLSFixtures.certificate, TLSFixtures.lockedKey) }
        #expect(throws: TLSFailure.badKey) { try self.context(TLSFixtures.certificate, "") }
        #expect(throws: TLSFailure.badKey) { try self.context(TLSFixtures.certificate, TLSFixtures.certificate) }
        #expect(throws: TLSFailure.noCertificate) { try self.context("", TLSFixtures.key) }
        #expect(throws: TLSFailure.noCertificate) { try self.context(TLSFixtures.key, TLSFixtures.key) }
        let cut = String(TLSFixtures.certificate.prefix(200))
        #expect(throws: TLSFailure.noCertificate) { try self.context(cut, TLSFixtures.key) }
        #expect(throws: TLSFailure.tooLarge(.key)) {
            try self.context(TLSFixtures.certificate, String(repeating: "x", count: 65_537))
        }
        #expect(throws: TLSFailure.self) { try TLSContext(certificate: -1, key: -1) }
    }

    @Test func certificatesHaveTheirTime() throws {
        let context = try self.context()
        #expect(context.fault(at: 784_111_777) == .notYetValid)
        #expect(context.fault(at: 1_900_000_000) == nil)
        #expect(context.fault(at: 5_000_000_000) == .expired)
    }

    // MARK: Handshakes

    /// A client over TLS and the edge's side of its connection.
    private final class SecureClient {
        let rig: EdgeRig
        let channel: EmbeddedChannel
        let near: EmbeddedChannel
        let handshake = HandshakeRecorder()

        init(
            _ rig: EdgeRig, _ tls: TLSContext, protocols: [String] = [], newest: TLSVersion? = nil
        ) throws {
            self.rig = rig
            self.channel = EmbeddedChannel(loop: rig.loop)
            self.near = EmbeddedChannel(loop: rig.loop)
            try TLSHandshake.install(in: self.channel, tls: tls, core: rig.core)
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            configuration.trustRoots = .certificates([])
            configuration.applicationProtocols = protocols
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = newest
            try self.near.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: NIOSSLContext(configuration: configuration), serverHostname: nil))
            try self.near.pipeline.syncOperations.addHandler(self.handshake)
            try self.channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
            try self.near.connect(to: SocketAddress(ipAddress: "192.0.2.2", port: 443)).wait()
        }

        func pump() {
            var hasMoved = true
            while hasMoved {
                hasMoved = false
                self.rig.loop.run()
                while let bytes = try? self.near.readOutbound(as: ByteBuffer.self) {
                    hasMoved = true
                    if self.channel.isActive { _ = try? self.channel.writeInbound(bytes) }
                }
                self.rig.loop.run()
                while let bytes = try? self.channel.readOutbound(as: ByteBuffer.self) {
                    hasMoved = true
                    _ = try? self.near.writeInbound(bytes)
                }
            }
        }

        func send(_ text: String) {
            self.near.writeAndFlush(ByteBuffer(string: text), promise: nil)
            self.pump()
        }

        func received() -> String {
            self.pump()
            var text = ""
            while let bytes = try? self.near.readInbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
            return text
        }
    }

    private final class HandshakeRecorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var isDone = false
        var negotiated: String?
        var hasFailed = false

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.handshakeCompleted(let negotiated)) = event as? TLSUserEvent {
                self.isDone = true
                self.negotiated = negotiated
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { self.hasFailed = true }
    }

    private func handshakes(_ rig: EdgeRig) -> [String: UInt64] {
        var counts: [String: UInt64] = [:]
        for series in rig.core.metrics.series where series.name == "sluice_tls_handshakes_total" {
            if case .counter(let count) = series.value { counts["\(series.labels[0].value)"] = count }
        }
        return counts
    }

    @Test func http1OverTLS() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try SecureClient(rig, try self.context(), protocols: ["http/1.1"])
        client.pump()
        #expect(client.handshake.negotiated == "http/1.1" && rig.core.openConnections == 1)
        client.send(FakeClient.post(FakeClient.chat))
        try peer.answer(try #require(try peer.request()).stream, #"{"ok":1}"#)
        let text = client.received()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.hasSuffix(#"{"ok":1}"#))
        #expect(self.handshakes(rig)["completed"] == 1)
        client.send(FakeClient.head("GET /health HTTP/1.1", ["Connection: close"]))
        #expect(client.received().contains("connection: close"))
        #expect(!client.channel.isActive && rig.core.openConnections == 0)
    }

    @Test(arguments: [([], nil), (["spdy/3"], nil), (["h2", "http/1.1"], "h2"), (["http/1.1", "h2"], "h2")])
    func whatIsNegotiated(offered: [String], expected: String?) throws {
        let rig = try EdgeRig()
        let client = try SecureClient(rig, try self.context(), protocols: offered)
        client.pump()
        #expect(client.handshake.isDone && client.handshake.negotiated == expected)
        #expect(rig.core.openConnections == 1)
        let handlers = client.channel.pipeline.syncOperations
        #expect((try? handlers.handler(type: HTTP2Connection.self)) != nil || expected == nil)
        #expect((try? handlers.handler(type: TLSHandshake.self)) == nil)
    }

    @Test(arguments: [TLSVersion.tlsv1, .tlsv11]) func oldVersionsAreRefused(version: TLSVersion) throws {
        let rig = try EdgeRig()
        let client = try SecureClient(rig, try self.context(), newest: version)
        client.pump()
        #expect(!client.handshake.isDone && client.handshake.hasFailed && !client.channel.isActive)
        #expect(self.handshakes(rig)["failed"] == 1 && rig.core.openConnections == 0)
    }

    @Test func tls12IsSpoken() throws {
        let rig = try EdgeRig()
        let client = try SecureClient(rig, try self.context(), newest: .tlsv12)
        client.pump()
        #expect(client.handshake.isDone)
    }

    @Test func whatIsNoHandshakeIsClosed() throws {
        let rig = try EdgeRig()
        let channel = EmbeddedChannel(loop: rig.loop)
        try TLSHandshake.install(in: channel, tls: try self.context(), core: rig.core)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        #expect(rig.core.openConnections == 1)
        _ = try? channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        rig.advance(.seconds(2))
        #expect(!channel.isActive && rig.core.openConnections == 0)
        #expect(self.handshakes(rig)["failed"] == 1)
    }

    @Test func aHandshakeThatStallsIsClosed() throws {
        let rig = try EdgeRig()
        let channel = EmbeddedChannel(loop: rig.loop)
        try TLSHandshake.install(in: channel, tls: try self.context(), core: rig.core)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        rig.advance(.seconds(9))
        #expect(channel.isActive)
        rig.advance(.seconds(2))
        #expect(!channel.isActive && rig.core.openConnections == 0)
        #expect(self.handshakes(rig) == ["completed": 0, "failed": 0, "timed_out": 1])
    }

    @Test func aHandshakeEndsWithTheEdge() throws {
        let rig = try EdgeRig()
        let channel = EmbeddedChannel(loop: rig.loop)
        try TLSHandshake.install(in: channel, tls: try self.context(), core: rig.core)
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        rig.core.drain()
        // Its first request may be right behind.
        rig.advance(.milliseconds(1500))
        #expect(channel.isActive)
        rig.advance(.seconds(1))
        #expect(!channel.isActive && rig.core.openConnections == 0)
    }

    /// Half a reply whose end is the connection's must not look whole: no proper end of TLS.
    @Test func aCutReplyHasNoProperEnd() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try SecureClient(rig, try self.context())
        client.pump()
        client.send(FakeClient.post(FakeClient.chat, version: "1.0"))
        let stream = try #require(try peer.request()).stream
        try peer.send(FakePeer.head().frame(stream: stream) + FakePeer.chunk("{\"a\":", stream))
        #expect(client.received().contains("{\"a\":"))
        rig.core.endDraining()
        try peer.answerCancels()
        rig.loop.run()
        #expect(!client.channel.isActive)
        // The client's side sees that something is missing.
        client.pump()
        _ = try? client.near.finish()
        #expect(client.handshake.hasFailed)
    }

}
