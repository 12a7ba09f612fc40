import Domain
import IPC
import IPCNIO
import EventLog
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// An edge without sockets: clients are embedded channels on one embedded loop, upstreams are `FakePeer`s.
final class EdgeRig {
    static let key = "sk-test-key"
    static let build: [UInt8] = [1]

    let loop = EmbeddedEventLoop()
    let core: EdgeCore
    let sink = LineSink()
    let journal = RecordingJournal()
    let keys = KeyList()
    let ledger = FakeLedger()
    /// What the wall clock says, in milliseconds since 1970.
    private let wall: WallClock

    /// Without `limited` there is no table, and nothing is counted.
    init(
        _ change: (inout EdgeSnapshot) -> Void = { _ in }, bodyBudget: Int = EdgeCore.bodyBudget, limited: Bool = false
    ) throws {
        let wall = WallClock()
        self.wall = wall
        var snapshot = EdgeRig.snapshot
        change(&snapshot)
        self.core = try EdgeCore(
            eventLoop: self.loop, host: 0x123456, instance: 7, settings: EdgeSettings(snapshot),
            log: Log(role: .edge, instance: 7, level: .warning, sink: self.sink), journal: self.journal,
            keys: self.keys, bodyBudget: bodyBudget,
            wallMilliseconds: { wall.milliseconds })
        self.ledger.journal = self.journal
        if limited { self.core.desk.ledger = self.ledger }
    }

    private final class WallClock {
        var milliseconds: UInt64 = 784_111_777_000
    }

    var wallMilliseconds: UInt64 {
        get { self.wall.milliseconds }
        set { self.wall.milliseconds = newValue }
    }

    deinit { self.core.stop() }

    static var snapshot: EdgeSnapshot {
        EdgeSnapshot(
            version: 3, http: HTTPLimits(), corsOrigins: [], authentication: .required,
            // SHA-256 of "sk-test-key".
            staticKeyDigest: [
                0x0d, 0x62, 0xf3, 0x96, 0xc1, 0x31, 0x70, 0x66, 0xf5, 0x5a, 0x96, 0x08, 0x65, 0x17, 0x04, 0x7c, 0x73,
                0x70, 0x87, 0xc6, 0x1e, 0xb2, 0xbf, 0x01, 0x6b, 0x72, 0xe6, 0x29, 0x89, 0x27, 0xb1, 0x5b,
            ],
            routes: RouteTable(
                providers: ["openai", "local"],
                aliases: [.init(name: Array("smart".utf8), targets: [Target(provider: 1, model: Array("big".utf8))])],
                defaultProvider: 0),
            logLevel: .warning)
    }

    func client(_ address: String = "192.0.2.1") throws -> FakeClient { try FakeClient(self, remoteAddress: address) }

    /// An upstream whose link is open.
    func upstream(_ instance: UInt32 = 3, area: BodyArea? = nil) throws -> FakePeer {
        let peer = try FakePeer(self, role: .upstream, instance: instance, area: area)
        try peer.open()
        return peer
    }

    func advance(_ amount: TimeAmount) { self.loop.advanceTime(by: amount) }
}

/// Keeps log lines.
final class LineSink: LogSink, @unchecked Sendable {
    // Used on the test's thread only.
    private(set) var lines: [String] = []

    func write(_ line: [UInt8]) { self.lines.append(String(decoding: line, as: UTF8.self)) }
}

/// A client connection.
final class FakeClient {
    let rig: EdgeRig
    let channel: EmbeddedChannel

    init(_ rig: EdgeRig, remoteAddress: String = "192.0.2.1", listener: OpenListener? = nil) throws {
        self.rig = rig
        self.channel = EmbeddedChannel(loop: rig.loop)
        try HTTPConnection.install(in: self.channel.pipeline.syncOperations, core: rig.core, listener: listener)
        try self.channel.connect(to: SocketAddress(ipAddress: remoteAddress, port: 5000)).wait()
    }

    var isOpen: Bool { self.channel.isActive }

    func send(_ text: String) throws { try self.send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        guard self.channel.isActive else { return }
        try self.channel.writeInbound(ByteBuffer(bytes: bytes))
        self.rig.loop.run()
    }

    /// Everything that has come so far, as text.
    func received() throws -> String { String(decoding: try self.receivedBytes(), as: UTF8.self) }

    func receivedBytes() throws -> [UInt8] {
        self.rig.loop.run()
        var bytes: [UInt8] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            bytes += Array(buffer.readableBytesView)
        }
        return bytes
    }

    /// The status of the one reply that has come.
    func status() throws -> Int? {
        let text = try self.received()
        return Int(text.dropFirst(9).prefix(3))
    }

    static func head(_ line: String, _ headers: [String] = []) -> String {
        ([line, "Host: a"] + headers).joined(separator: "\r\n") + "\r\n\r\n"
    }

    static func post(
        _ body: String, path: String = "/v1/chat/completions", version: String = "1.1", key: String? = EdgeRig.key,
        headers: [String] = []
    ) -> String {
        let credentials = key.map { ["Authorization: Bearer \($0)"] } ?? []
        return self.head(
            "POST \(path) HTTP/\(version)", credentials + ["Content-Length: \(body.utf8.count)"] + headers) + body
    }

    static let chat = #"{"model":"smart","messages":[]}"#
    static let stream = #"{"model":"smart","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#
}

/// The other end of one of the edge's links: writes down what it gets and answers as told.
final class FakePeer {
    struct Frame: Equatable {
        var type: FrameType
        var stream: UInt64
        var flags: UInt8
        var payload: [UInt8]
    }

    let rig: EdgeRig
    let channel: EmbeddedChannel
    let link: PeerLink
    private let hello: Hello

    init(_ rig: EdgeRig, role: Role, instance: UInt32, area: BodyArea? = nil) throws {
        self.rig = rig
        self.channel = EmbeddedChannel(loop: rig.loop)
        self.hello = Hello(role: role, instance: instance, build: EdgeRig.build)
        let core = rig.core
        self.link = PeerLink(
            role: role, instance: instance, area: area, log: core.log,
            opened: {
                switch role {
                case .upstream: core.upstreams.add($0)
                case .control: core.controls.add($0)
                default: core.aggregator = $0
                }
            },
            ended: {
                switch role {
                case .upstream: core.upstreams.remove($0)
                case .control: core.controls.remove($0)
                default: core.aggregator = nil
                }
            })
        self.link.retired = { core.upstreams.remove($0) }
        let machine = LinkMachine(
            hello: Hello(role: .edge, instance: 7, build: EdgeRig.build), peerRole: role, peerInstance: instance,
            accepting: role == .upstream ? .upstreamClient : .client)
        let handler = LinkHandler(machine: machine, delegate: self.link, flusher: core.flusher)
        self.link.handler = handler
        try self.channel.pipeline.syncOperations.addHandler(handler)
        try self.channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    }

    /// What came with the greeting.
    private var early: [Frame] = []

    func open() throws {
        try self.send(self.hello.frame())
        self.early = try self.frames().filter { $0.type != .hello }
    }

    func send(_ bytes: [UInt8]) throws {
        guard self.channel.isActive else { return }
        try self.channel.writeInbound(ByteBuffer(bytes: bytes))
        self.rig.loop.run()
    }

    /// The frames that have come since the last call.
    func frames() throws -> [Frame] {
        let early = self.early
        self.early = []
        self.rig.loop.run()
        var bytes: [UInt8] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            bytes += Array(buffer.readableBytesView)
        }
        var frames: [Frame] = []
        var rest = bytes[...]
        while rest.count >= WireLimits.header {
            let header = unsafe try rest.withUnsafeBytes {
                unsafe try FrameHeader($0, accepting: FrameTypeSet(FrameType.allCases))
            }
            guard let header else { break }
            rest = rest.dropFirst(WireLimits.header)
            frames.append(
                Frame(
                    type: header.type, stream: header.stream, flags: header.flags,
                    payload: Array(rest.prefix(Int(header.length)))))
            rest = rest.dropFirst(Int(header.length))
        }
        return early + frames
    }

    /// The provider request that has come, with its body.
    func request() throws -> (stream: UInt64, request: ProviderRequest, body: [UInt8])? {
        let frames = try self.frames()
        guard let first = frames.first, first.type == .request else { return nil }
        let message = unsafe try first.payload.withUnsafeBytes { unsafe try StreamRequest(payload: $0) }
        guard case .provider(let request) = message else { return nil }
        let body = frames.dropFirst().filter { $0.type == .body }.flatMap { $0.payload }
        return (first.stream, request, body)
    }

    /// The administration's request that has come, with its body.
    func administration() throws -> (stream: UInt64, request: AdministrationRequest, body: [UInt8])? {
        let frames = try self.frames()
        guard let first = frames.first, first.type == .request else { return nil }
        let message = unsafe try first.payload.withUnsafeBytes { unsafe try StreamRequest(payload: $0) }
        guard case .administration(let request) = message else { return nil }
        return (first.stream, request, frames.dropFirst().filter { $0.type == .body }.flatMap { $0.payload })
    }

    static func head(
        _ status: UInt16 = 200, stream: Bool = false, length: UInt64? = nil, type: String = "application/json"
    ) -> ResponseHead {
        ResponseHead(status: status, isStream: stream, contentLength: length, contentType: Array(type.utf8))
    }

    static func chunk(_ text: String, _ stream: UInt64) -> [UInt8] { self.chunk(Array(text.utf8), stream) }

    static func chunk(_ payload: [UInt8], _ stream: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        FrameHeader(type: .chunk, stream: stream, length: UInt32(payload.count)).append(to: &bytes)
        return bytes + payload
    }

    /// Answers each CANCEL that has come, as an upstream does.
    @discardableResult
    func answerCancels(_ end: StreamEnd = FakePeer.cancelled) throws -> Int {
        let cancels = try self.frames().filter { $0.type == .cancel }
        for cancel in cancels { try self.send(end.frame(stream: cancel.stream)) }
        return cancels.count
    }

    static let cancelled = StreamEnd(
        failure: GatewayError(
            code: "cancelled", type: "server_error", status: 502, source: .client, message: "cancelled"))

    /// A whole unary reply in one read.
    func answer(_ stream: UInt64, _ body: String, status: UInt16 = 200) throws {
        try self.send(
            FakePeer.head(status, length: UInt64(body.utf8.count)).frame(stream: stream) + FakePeer.chunk(body, stream)
                + StreamEnd().frame(stream: stream))
    }
}
