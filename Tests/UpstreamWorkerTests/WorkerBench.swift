import Domain
import HTTPClient
import IPC
import IPCEpoll
import EventLog
import Platform
import Testing

@testable import UpstreamWorker

/// A worker's services with one edge's link, the edge's end played by the test, all on one loop.
final class WorkerBench: EpollLinkDelegate {
    /// What came back on one stream.
    final class Reply {
        var head: ResponseHead?
        var body: [UInt8] = []
        var end: StreamEnd?
        var chunks = 0
        var attempts: [FurtherAttempt] = []
        var framesAfterEnd = 0
        var ends = 0

        var text: String { String(decoding: self.body, as: UTF8.self) }

        /// What the head says of the cost, where it says something, END says too.
        var agreesOnCost: Bool {
            guard let end = self.end, let head = self.head, head.cost != .open else { return true }
            return head.cost == ReplyCost(final: end.shared.map(\.cost) ?? AttemptTotals(end.attempts).cost)
        }
    }

    /// Log lines go nowhere.
    struct Silence: LogSink {
        func write(_ line: [UInt8]) {}
    }

    let loop: EpollLoop
    let services: UpstreamServices
    let journal = RecordedJournal()
    private(set) var edge: EdgeLink?
    /// Times the worker said that it ends.
    private(set) var drains = 0
    private var link: EpollLink?
    private let linkSocket: Int32
    /// The edge's side of the link's area.
    let area: SharedArea
    private(set) var next: UInt64 = 0
    private(set) var replies: [UInt64: Reply] = [:]
    private(set) var credited: [UInt64: Int] = [:]
    private(set) var lostLink = false
    /// Whether data is acknowledged at once, as by a client that reads quickly.
    var returnsCredit = true
    /// What is answered when a further attempt is asked for; nil for nothing.
    var grants: Bool? = true

    init(
        _ providers: [ProviderSettings], prices: [Price] = [], images: (any ImageSource)? = nil,
        bodyBudget: Int = 1 << 30, policy: RoutePolicy = RoutePolicy(retries: 0)
    ) throws {
        guard HTTPClient.initializeLibrary() else { throw SystemError(operation: "curl_global_init", code: 0) }
        self.loop = try EpollLoop()
        self.services = UpstreamServices(
            loop: self.loop, client: try HTTPClient(loop: self.loop),
            log: Log(role: .upstream, instance: 1, level: .error, sink: Silence()), images: images,
            bodyBudget: bodyBudget)
        self.services.providers.add(
            UpstreamSnapshot(version: 1, providers: providers, prices: prices, policies: [policy], logLevel: .error),
            at: 0)
        self.services.journal = self.journal
        let scratch = LinkScratch()
        let build: [UInt8] = [1]
        let ends = try SocketPair(.stream).release()
        self.linkSocket = ends.second
        let memory = try SharedArea.make(name: "test", size: 1 << 20)
        guard let copy = OwnedDescriptor.duplicate(of: memory.number)?.release() else {
            throw SystemError(operation: "dup", code: 24)
        }
        self.area = try SharedArea(memory, for: .writing)
        self.edge = try EdgeLink(
            descriptor: OwnedDescriptor(adopting: ends.first),
            area: SharedArea(OwnedDescriptor(adopting: copy), for: .reading),
            machine: LinkMachine(
                hello: Hello(role: .upstream, instance: 1, build: build), peerRole: .edge, peerInstance: 2,
                accepting: .upstream),
            instance: 2, scratch: scratch, services: self.services
        ) { [weak self] _ in self?.edge = nil }
        self.link = try EpollLink(
            loop: self.loop, descriptor: OwnedDescriptor(adopting: ends.second),
            machine: LinkMachine(
                hello: Hello(role: .edge, instance: 2, build: build), peerRole: .upstream, peerInstance: 1,
                accepting: .upstreamClient), scratch: scratch, delegate: self)
    }

    static func provider(
        _ port: Int, timeouts: ProviderTimeouts = ProviderTimeouts(), maxConnections: UInt32 = 1024
    ) -> ProviderSettings {
        ProviderSettings(
            name: "test", kind: .server(.openai, baseURL: "http://127.0.0.1:\(port)/v1"),
            apiKey: Secret(Array("sk-1".utf8)),
            headers: [
                ProviderSettings.Header(name: "X-Team", value: Secret(Array("blue".utf8))),
                ProviderSettings.Header(name: "Accept-Encoding", value: Secret(Array("gzip".utf8))),
            ], maxConnections: maxConnections, queue: QueueSettings(length: 4096, wait: 30_000),
            timeouts: timeouts)
    }

    // MARK: The edge's part

    func request(
        _ body: String, endpoint: Endpoint = .chatCompletions, isStream: Bool = false, askedForUsage: Bool = false,
        splices: [BodySplice] = [], length: UInt64? = nil, snapshot: UInt64 = 1, price: UInt32? = nil,
        sendsBody: Bool = true, offset: UInt64? = nil, model: String = "m", maximumOutput: UInt32? = nil,
        anthropicVersion: String = "", anthropicBeta: String = ""
    ) -> UInt64 {
        self.next += 1
        let bytes = Array(body.utf8)
        let request = ProviderRequest(
            record: RecordID(high: 7, low: self.next), endpoint: endpoint, isStream: isStream,
            askedForUsage: askedForUsage, anthropicVersion: Array(anthropicVersion.utf8),
            anthropicBeta: Array(anthropicBeta.utf8), bodyLength: length ?? UInt64(bytes.count), bodyOffset: offset,
            snapshot: snapshot,
            calls: [
                ProviderRequest.Call(
                    target: Target(provider: 0, model: Array(model.utf8), price: price), splices: splices,
                    maximumOutput: maximumOutput)
            ])
        self.replies[self.next] = Reply()
        self.link?.send(StreamRequest.provider(request).frame(stream: self.next))
        guard sendsBody, offset == nil else { return self.next }
        unsafe bytes.withUnsafeBytes {
            unsafe self.link?.send(.body, stream: self.next, flags: FrameHeader.lastFlag, data: $0)
        }
        return self.next
    }

    func cancel(_ stream: UInt64) {
        self.link?.send(
            urgent: {
                var frame: [UInt8] = []
                FrameHeader(type: .cancel, stream: stream, length: 0).append(to: &frame)
                return frame
            }())
    }

    func credit(_ stream: UInt64, _ bytes: Int) {
        self.link?.send(urgent: Credit(bytes: UInt32(bytes)).frame(stream: stream))
    }

    /// The edge hangs, or goes on.
    func reads(_ reads: Bool) throws {
        try self.loop.change(self.linkSocket, to: reads ? .readable : [])
    }

    func loseLink() {
        self.link?.close()
        self.link = nil
    }

    func send(_ frame: [UInt8]) {
        self.link?.send(frame)
    }

    func linkOpened(_ link: EpollLink) {}

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        let reply = self.reply(header.stream)
        if reply.end != nil { reply.framesAfterEnd += 1 }
        switch header.type {
        case .responseHead: reply.head = unsafe try? ResponseHead(payload: payload)
        case .chunk:
            unsafe reply.body.append(contentsOf: payload)
            reply.chunks += 1
            if self.returnsCredit { self.credit(header.stream, payload.count) }
        case .end:
            reply.end = unsafe try? StreamEnd(payload: payload)
            reply.ends += 1
            #expect(reply.agreesOnCost)
        case .attempt:
            if let attempt = unsafe try? FurtherAttempt(payload: payload) { reply.attempts.append(attempt) }
            if let grants = self.grants { self.send(Grant(allowed: grants).frame(stream: header.stream)) }
        case .credit:
            self.credited[header.stream, default: 0] += Int(unsafe (try? Credit(payload: payload))?.bytes ?? 0)
        case .drain: self.drains += 1
        default: break
        }
    }

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        self.lostLink = true
        self.link = nil
    }

    // MARK: Running

    func reply(_ stream: UInt64) -> Reply {
        if let reply = self.replies[stream] { return reply }
        let reply = Reply()
        self.replies[stream] = reply
        return reply
    }

    /// Turns the loop until the condition holds; false when it never does.
    func run(until condition: () -> Bool) throws -> Bool {
        try self.loop.turn(until: condition, within: 10, pause: 100_000_000)
    }

    func settle() throws { try self.loop.settle() }
}
