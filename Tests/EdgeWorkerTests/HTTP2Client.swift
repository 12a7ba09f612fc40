import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2

@testable import EdgeWorker

/// A client that speaks HTTP/2 by NIO's own means to an edge without sockets, frame by frame.
final class HTTP2Client {
    let rig: EdgeRig
    /// The edge's side.
    let channel: EmbeddedChannel
    private let near: EmbeddedChannel
    /// What has come and was not asked for yet.
    private var frames: [HTTP2Frame] = []
    private var lastStream = -1
    /// Nothing that the client writes reaches the edge, and nothing that the edge writes the client.
    var isCut = false

    init(_ rig: EdgeRig, window: Int = 65_535, listener: OpenListener? = nil) throws {
        self.rig = rig
        self.channel = EmbeddedChannel(loop: rig.loop)
        self.near = EmbeddedChannel(loop: rig.loop)
        try self.channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 5000)).wait()
        try HTTP2Connection.install(in: self.channel, core: rig.core, listener: listener)
        try self.near.pipeline.syncOperations.addHandler(
            NIOHTTP2Handler(
                mode: .client, initialSettings: [HTTP2Setting(parameter: .initialWindowSize, value: window)],
                headerBlockValidation: .disabled, contentLengthValidation: .disabled))
        try self.near.connect(to: SocketAddress(ipAddress: "192.0.2.2", port: 443)).wait()
        try self.pump()
        self.frames = []
    }

    var isOpen: Bool { self.channel.isActive }

    /// Carries bytes until nothing is left to carry.
    func pump() throws {
        guard !self.isCut else { return }
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            self.rig.loop.run()
            while let bytes = try self.near.readOutbound(as: ByteBuffer.self) {
                hasMoved = true
                if self.channel.isActive { _ = try? self.channel.writeInbound(bytes) }
            }
            self.rig.loop.run()
            while let bytes = try self.channel.readOutbound(as: ByteBuffer.self) {
                hasMoved = true
                _ = try? self.near.writeInbound(bytes)
            }
        }
        while let frame = try? self.near.readInbound(as: HTTP2Frame.self) { self.frames.append(frame) }
    }

    // MARK: Sending

    func send(_ payload: HTTP2Frame.FramePayload, stream: Int) throws {
        self.near.writeAndFlush(HTTP2Frame(streamID: HTTP2StreamID(stream), payload: payload), promise: nil)
        try self.pump()
    }

    /// Bytes as they are.
    func send(raw bytes: [UInt8]) throws {
        if self.channel.isActive { _ = try? self.channel.writeInbound(ByteBuffer(bytes: bytes)) }
        try self.pump()
    }

    static func fields(
        _ method: String = "POST", _ path: String = "/v1/chat/completions", key: String? = EdgeRig.key,
        more: [(String, String)] = []
    ) -> [(String, String)] {
        [(":method", method), (":scheme", "https"), (":path", path), (":authority", "a")]
            + (key.map { [("authorization", "Bearer \($0)")] } ?? []) + more
    }

    /// Begins a request, and ends it where there is no body; returns its stream.
    @discardableResult
    func begin(_ fields: [(String, String)], ends: Bool = false) throws -> Int {
        self.lastStream += 2
        try self.send(.headers(.init(headers: HPACKHeaders(fields), endStream: ends)), stream: self.lastStream)
        return self.lastStream
    }

    func body(_ text: String, stream: Int, ends: Bool = true) throws {
        try self.send(.data(.init(data: .byteBuffer(ByteBuffer(string: text)), endStream: ends)), stream: stream)
    }

    /// A whole request with a body.
    @discardableResult
    func post(_ body: String, _ fields: [(String, String)] = HTTP2Client.fields()) throws -> Int {
        let stream = try self.begin(fields)
        try self.body(body, stream: stream)
        return stream
    }

    @discardableResult
    func get(_ path: String, method: String = "GET") throws -> Int {
        try self.begin(HTTP2Client.fields(method, path), ends: true)
    }

    // MARK: Receiving

    /// What has come on a stream.
    struct Reply {
        var heads: [HPACKHeaders] = []
        var body = ""
        var hasEnded = false
        var reset: HTTP2ErrorCode?

        var status: String? { self.heads.last?.first(name: ":status") }
        func header(_ name: String) -> String? { self.heads.last?.first(name: name) }
    }

    /// Takes what has come on `stream` since the last call.
    func reply(_ stream: Int) throws -> Reply {
        try self.pump()
        var reply = Reply()
        for frame in self.take(stream) {
            switch frame.payload {
            case .headers(let head):
                reply.heads.append(head.headers)
                if head.endStream { reply.hasEnded = true }
            case .data(let data):
                if case .byteBuffer(let bytes) = data.data { reply.body += String(buffer: bytes) }
                if data.endStream { reply.hasEnded = true }
            case .rstStream(let code): reply.reset = code
            default: break
            }
        }
        return reply
    }

    /// Last stream and code of the GOAWAYs that have come since the last call.
    func goAways() throws -> [(last: Int, code: HTTP2ErrorCode)] {
        try self.pump()
        return self.take(0).compactMap { frame in
            guard case .goAway(let last, let code, _) = frame.payload else { return nil }
            return (Int(last), code)
        }
    }

    private func take(_ stream: Int) -> [HTTP2Frame] {
        let taken = self.frames.filter { $0.streamID == HTTP2StreamID(stream) }
        self.frames.removeAll { $0.streamID == HTTP2StreamID(stream) }
        return taken
    }
}
