import Domain
import IPC
import IPCNIO
import NIOCore
import NIOEmbedded

/// An edge's end of a link to upstream 3 on an embedded channel, with everything it hands out written down.
final class LinkRig: LinkDelegate {
    struct Received: Equatable {
        var header: FrameHeader
        var payload: [UInt8]
    }

    static let build: [UInt8] = [1, 2, 3]
    static let peerHello = Hello(role: .upstream, instance: 3, build: build)

    let loop = EmbeddedEventLoop()
    let channel: EmbeddedChannel
    private(set) var handler: LinkHandler?
    private(set) var opened = 0
    private(set) var received: [Received] = []
    private(set) var ends: [LinkEnd] = []
    var onFrame: ((LinkHandler, FrameHeader) throws(FrameError) -> Void)?

    init(accepting accepted: FrameTypeSet = .client, open: Bool = true) throws {
        self.channel = EmbeddedChannel(loop: self.loop)
        let machine = LinkMachine(
            hello: Hello(role: .edge, instance: 1, build: LinkRig.build), peerRole: .upstream, peerInstance: 3,
            accepting: accepted)
        let handler = LinkHandler(machine: machine, delegate: self, flusher: TurnFlusher(eventLoop: self.loop))
        self.handler = handler
        try self.channel.pipeline.syncOperations.addHandler(handler)
        try self.channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
        if open {
            try self.receive(LinkRig.peerHello.frame())
            _ = try self.sentBytes()
        }
    }

    func receive(_ bytes: some Sequence<UInt8>) throws {
        // The handler closes the channel on a bad frame; writing on is then an error of the test channel only.
        guard self.channel.isActive else { return }
        try self.channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    /// What went out so far, as one run of bytes; ends the turn first.
    func sentBytes() throws -> [UInt8] {
        self.loop.run()
        var bytes: [UInt8] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            bytes += Array(buffer.readableBytesView)
        }
        return bytes
    }

    /// What went out so far, as frames.
    func sent() throws -> [Received] { try LinkRig.frames(self.sentBytes()) }

    static func frames(_ bytes: [UInt8]) throws -> [Received] {
        let all = FrameTypeSet(FrameType.allCases)
        var frames: [Received] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let header = unsafe try rest.withUnsafeBytes { unsafe try FrameHeader($0, accepting: all) }
            guard let header else { break }
            rest = rest.dropFirst(WireLimits.header)
            frames.append(Received(header: header, payload: Array(rest.prefix(Int(header.length)))))
            rest = rest.dropFirst(Int(header.length))
        }
        return frames
    }

    static func frame(_ type: FrameType, stream: UInt64, flags: UInt8 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        FrameHeader(type: type, flags: flags, stream: stream, length: UInt32(payload.count)).append(to: &bytes)
        return bytes + payload
    }

    // MARK: LinkDelegate

    func linkOpened(_ link: LinkHandler) { self.opened += 1 }

    func link(_ link: LinkHandler, received header: FrameHeader, payload: ByteBuffer) throws(FrameError) {
        self.received.append(Received(header: header, payload: Array(payload.readableBytesView)))
        try self.onFrame?(link, header)
    }

    func linkEnded(_ link: LinkHandler, _ end: LinkEnd) { self.ends.append(end) }
}
