import Administration
import Domain
import IPC
import IPCEpoll
import EventLog
import JSON
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

        /// The head and the body of a reply; nil before it has ended.
        func reply(_ stream: UInt64) throws -> (head: ResponseHead, body: [UInt8])? {
            let frames = self.frames.filter { $0.header.stream == stream }
            guard let first = frames.first, frames.last?.header.type == .end, first.header.type == .responseHead else {
                return nil
            }
            let head = unsafe try first.payload.withUnsafeBytes { unsafe try ResponseHead(payload: $0) }
            return (head, frames.filter { $0.header.type == .chunk }.flatMap(\.payload))
        }
    }

    private let loop: EpollLoop
    private let edge = Edge()
    private let control: AdministrationLink
    private let office = FakeOffice()
    private let sink = LineSink()

    init() throws {
        self.loop = try EpollLoop()
        let scratch = LinkScratch()
        let pair = try SocketPair(.stream)
        guard let first = OwnedDescriptor.duplicate(of: pair.first.number),
            let second = OwnedDescriptor.duplicate(of: pair.second.number)
        else { throw SystemError.last("dup") }
        let hello = Hello(role: .control, instance: 1, host: 4, build: [1])
        let log = Log(role: .control, sink: self.sink)
        self.control = AdministrationLink(
            instance: 9, desk: HTTPDesk(self.office.office, documentation: Documentation(nil), log: log), log: log,
            whenEnded: { _ in })
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

    private func ask(
        _ stream: UInt64, _ method: String = "GET", _ path: String = "/api/v1/keys", body: [UInt8] = [],
        announcing length: Int? = nil, token: String = FakeOffice.token
    ) {
        let request = IPC.AdministrationRequest(
            method: method, path: path, bodyLength: UInt64(length ?? body.count),
            credential: .token(Array(token.utf8)), headers: [.contentType: Array("application/json".utf8)])
        self.edge.link?.send(StreamRequest.administration(request).frame(stream: stream))
        if !body.isEmpty {
            unsafe body.withUnsafeBytes { unsafe self.edge.link?.send(.body, stream: stream, flags: 1, data: $0) }
        }
    }

    @Test func repliesGoToTheirStreams() throws {
        self.ask(1)
        self.ask(2, "POST", body: Array(#"{"a":1}"#.utf8))
        self.ask(3, token: "sluice-admin-wrong")
        try self.run { (try? self.edge.reply(3)) != nil && (try? self.edge.reply(2)) != nil }
        #expect(try self.edge.reply(1)?.head.status == 200)
        #expect(try self.edge.reply(2)?.head.status == 200)
        #expect(try self.edge.reply(3)?.head.status == 401)
        #expect(self.office.asked.map(\.method) == [.get, .post])
        #expect(self.office.asked.last?.body.count == 1)
    }

    @Test func aBodyOfOneMiBIsPutTogether() throws {
        let text = Array((#"{"a":""# + String(repeating: "x", count: (1 << 20) - 8) + #""}"#).utf8)
        self.ask(1, "POST", body: text)
        try self.run { (try? self.edge.reply(1)) != nil }
        #expect(try self.edge.reply(1)?.head.status == 200)
        #expect(self.office.asked.first?.body.first?.value.string?.count == (1 << 20) - 8)
    }

    @Test func aLargeReplyWaitsForItsReader() throws {
        self.office.body = [UInt8](repeating: 0x61, count: 300_000)
        self.ask(1)
        self.ask(2)
        func chunks(_ stream: UInt64) -> Int {
            self.edge.frames.filter { $0.header.stream == stream && $0.header.type == .chunk }
                .reduce(0) { $0 + $1.payload.count }
        }
        try self.run { chunks(1) == WireLimits.replyWindow && chunks(2) == WireLimits.replyWindow }
        // The first reader takes what came; the other one nothing.
        while chunks(1) < 300_000 {
            let before = chunks(1)
            self.edge.link?.send(urgent: Credit(bytes: 32 << 10).frame(stream: 1))
            try self.run { chunks(1) > before }
        }
        try self.run { (try? self.edge.reply(1)) != nil }
        #expect(try self.edge.reply(1)?.body == self.office.body)
        #expect(chunks(2) == WireLimits.replyWindow)
        self.edge.link?.cancel(2)
        self.ask(3, "HEAD")
        try self.run { (try? self.edge.reply(3)) != nil }
        let head = try #require(try self.edge.reply(3))
        #expect(head.head.contentLength == 300_000 && head.body.isEmpty)
    }

    @Test func aReplyThatComesLateGoesToNobodyWhoHasLeft() throws {
        self.office.holds = true
        self.ask(1)
        self.ask(2)
        try self.run { self.office.held.count == 2 }
        self.edge.link?.cancel(1)
        self.office.holds = false
        self.ask(3)
        try self.run { (try? self.edge.reply(3)) != nil }
        for answer in self.office.held { answer() }
        try self.run { (try? self.edge.reply(2)) != nil }
        #expect(!self.edge.frames.contains { $0.header.stream == 1 })
    }

    @Test func creditForAnEndedStreamIsNothing() throws {
        self.ask(1)
        try self.run { (try? self.edge.reply(1)) != nil }
        self.edge.link?.send(urgent: Credit(bytes: 100).frame(stream: 1))
        self.ask(2)
        try self.run { (try? self.edge.reply(2)) != nil }
        #expect(!self.edge.hasEnded)
    }

    @Test func aStreamNumberUsedTwiceClosesTheLink() throws {
        self.ask(2)
        self.ask(2)
        try self.run { self.edge.hasEnded }
        #expect(self.sink.text.contains("broke the protocol"))
    }

    @Test func aBodyLongerThanAnnouncedClosesTheLink() throws {
        self.ask(1, "POST", body: [1, 2, 3], announcing: 2)
        try self.run { self.edge.hasEnded }
    }

    @Test func aBodyLongerThanAnyClosesTheLink() throws {
        self.ask(1, "POST", announcing: (1 << 20) + 1)
        try self.run { self.edge.hasEnded }
    }

    @Test func moreCreditThanWasUsedClosesTheLink() throws {
        self.office.body = [UInt8](repeating: 0x61, count: 100_000)
        self.ask(1)
        try self.run { self.edge.frames.contains { $0.header.type == .chunk } }
        self.edge.link?.send(urgent: Credit(bytes: 1 << 20).frame(stream: 1))
        try self.run { self.edge.hasEnded }
    }

    @Test func tooManyAtOnceAreRefused() throws {
        self.office.holds = true
        for stream in 1...UInt64(RequestStreams.maximum + 1) { self.ask(stream) }
        try self.run { self.edge.frames.contains { $0.header.type == .end } }
        let last = try #require(self.edge.frames.last)
        #expect(last.header.stream == UInt64(RequestStreams.maximum + 1) && last.header.type == .end)
        #expect(!self.edge.hasEnded)
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

extension EpollLink {
    fileprivate func cancel(_ stream: UInt64) {
        var frame: [UInt8] = []
        FrameHeader(type: .cancel, stream: stream, length: 0).append(to: &frame)
        self.send(urgent: frame)
    }
}
