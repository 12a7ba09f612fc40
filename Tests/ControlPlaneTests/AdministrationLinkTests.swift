import Domain
import IPC
import IPCEpoll
import EventLog
import Platform
import Testing

@testable import ControlPlane

@Suite struct AdministrationLinkTests {
    /// The edge's end.
    private final class Edge: EpollLinkDelegate {
        var link: EpollLink?
        var frames: [(header: FrameHeader, payload: [UInt8])] = []
        var hasEnded = false

        func linkOpened(_ link: EpollLink) {}
        func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
            unsafe self.frames.append((header, Array(payload)))
        }
        func linkEnded(_ link: EpollLink, error: FrameError?) { self.hasEnded = true }
    }

    private let loop: EpollLoop
    private let edge = Edge()
    private let control: AdministrationLink
    private let sink = LineSink()

    init() throws {
        self.loop = try EpollLoop()
        let scratch = LinkScratch()
        let pair = try SocketPair(.stream)
        guard let first = OwnedDescriptor.duplicate(of: pair.first.number),
            let second = OwnedDescriptor.duplicate(of: pair.second.number)
        else { throw SystemError.last("dup") }
        let hello = Hello(role: .control, instance: 1, host: 4, build: [1])
        self.control = AdministrationLink(
            instance: 9, log: Log(role: .control, sink: self.sink), whenEnded: { _ in })
        try self.control.start(first, loop: self.loop, hello: hello, scratch: scratch)
        let machine = LinkMachine(
            hello: Hello(role: .edge, instance: 9, host: 4, build: [1]), peerRole: .control, peerInstance: 1,
            accepting: .client)
        self.edge.link = try EpollLink(
            loop: self.loop, descriptor: second, machine: machine, scratch: scratch, delegate: self.edge)
    }

    private func run(until condition: () -> Bool) throws {
        let deadline = Clocks.monotonicNanoseconds() + 5_000_000_000
        while !condition(), Clocks.monotonicNanoseconds() < deadline {
            try self.loop.turn(waitingAtMost: 100_000_000)
        }
        #expect(condition())
    }

    private func request(_ stream: UInt64) -> [UInt8] {
        StreamRequest.administration(AdministrationRequest(method: "GET", path: "/api/v1/keys")).frame(stream: stream)
    }

    @Test func everyRequestGets404AsJSON() throws {
        self.edge.link?.send(self.request(1))
        self.edge.link?.send(self.request(2))
        try self.run { self.edge.frames.count == 6 }
        #expect(self.edge.frames.map(\.header.stream) == [1, 1, 1, 2, 2, 2])
        #expect(self.edge.frames.map(\.header.type) == [.responseHead, .chunk, .end, .responseHead, .chunk, .end])
        let body = String(decoding: self.edge.frames[1].payload, as: UTF8.self)
        #expect(body.contains(#""code":"unknown_url""#))
        let head = try unsafe self.edge.frames[0].payload.withUnsafeBytes { unsafe try ResponseHead(payload: $0) }
        #expect(head.status == 404)
        #expect(head.contentType == Array("application/json".utf8))
        #expect(head.contentLength == UInt64(body.utf8.count))
    }

    @Test func creditAndCancelForAnEndedStreamAreNothing() throws {
        self.edge.link?.send(self.request(1))
        try self.run { self.edge.frames.count == 3 }
        self.edge.link?.send(urgent: Credit(bytes: 100).frame(stream: 1))
        self.edge.link?.send(self.request(2))
        try self.run { self.edge.frames.count == 6 }
        #expect(!self.edge.hasEnded)
    }

    @Test func aStreamNumberUsedTwiceClosesTheLink() throws {
        self.edge.link?.send(self.request(2))
        self.edge.link?.send(self.request(2))
        try self.run { self.edge.hasEnded }
        #expect(self.sink.text.contains("broke the protocol"))
    }

    @Test func aProviderRequestClosesTheLink() throws {
        let call = ProviderRequest.Call(target: Target(provider: 0, model: [0x6D]), splices: [])
        let request = ProviderRequest(
            record: RecordID(high: 1, low: 1), endpoint: .embeddings, isStream: false, askedForUsage: false,
            bodyLength: 0, snapshot: 1, calls: [call])
        self.edge.link?.send(StreamRequest.provider(request).frame(stream: 1))
        try self.run { self.edge.hasEnded }
    }
}
