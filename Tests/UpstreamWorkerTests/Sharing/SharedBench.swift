import Domain
import EventLog
import HTTPClient
import IPC
import IPCEpoll
import Platform
import Testing

@testable import UpstreamWorker

/// A worker with links to several edges, whose ends the test plays, and a provider, all on one loop.
final class SharedBench {
    /// An edge's end of its link.
    final class Edge: EpollLinkDelegate {
        var link: EpollLink?
        var worker: EdgeLink?
        private(set) var replies: [UInt64: WorkerBench.Reply] = [:]
        private(set) var credited: [UInt64: Int] = [:]
        private(set) var lostLink = false
        /// Bytes of each stream that were not acknowledged.
        private var owed: [UInt64: Int] = [:]
        /// Streams whose clients read nothing.
        var stuck: Set<UInt64> = []
        var grants: Bool? = true

        func reply(_ stream: UInt64) -> WorkerBench.Reply {
            if let reply = self.replies[stream] { return reply }
            let reply = WorkerBench.Reply()
            self.replies[stream] = reply
            return reply
        }

        func cancel(_ stream: UInt64) {
            var frame: [UInt8] = []
            FrameHeader(type: .cancel, stream: stream, length: 0).append(to: &frame)
            self.link?.send(urgent: frame)
        }

        private func credit(_ stream: UInt64, _ bytes: Int) {
            self.link?.send(urgent: Credit(bytes: UInt32(bytes)).frame(stream: stream))
        }

        /// Acknowledges all that came.
        func creditRest(_ stream: UInt64) {
            let bytes = self.owed[stream] ?? 0
            self.owed[stream] = 0
            if bytes > 0 { self.credit(stream, bytes) }
        }

        func send(body: [UInt8], isLast: Bool = true, _ stream: UInt64) {
            unsafe body.withUnsafeBytes {
                unsafe self.link?.send(.body, stream: stream, flags: isLast ? FrameHeader.lastFlag : 0, data: $0)
            }
        }

        func loseLink() {
            self.link?.close()
            self.link = nil
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
                self.owed[header.stream, default: 0] += payload.count
                if !self.stuck.contains(header.stream) { self.creditRest(header.stream) }
            case .end:
                reply.end = unsafe try? StreamEnd(payload: payload)
                reply.ends += 1
                #expect(reply.agreesOnCost)
            case .attempt:
                if let attempt = unsafe try? FurtherAttempt(payload: payload) { reply.attempts.append(attempt) }
                if let grants = self.grants { link.send(Grant(allowed: grants).frame(stream: header.stream)) }
            case .credit:
                self.credited[header.stream, default: 0] += Int(unsafe (try? Credit(payload: payload))?.bytes ?? 0)
            default: break
            }
        }

        func linkEnded(_ link: EpollLink, error: FrameError?) {
            self.lostLink = true
            self.link = nil
        }
    }

    let loop: EpollLoop
    let provider: TestServer
    let services: UpstreamServices
    let journal = RecordedJournal()
    private(set) var edges: [Edge] = []
    private var next: UInt64 = 0
    private let scratch = LinkScratch()

    init(
        edges: Int = 1, prices: [Price] = [], bodyBudget: Int = 1 << 30, policy: RoutePolicy = RoutePolicy(retries: 0),
        _ handler: @escaping (TestServer.Connection, TestServer.Request) -> Void
    ) throws {
        guard HTTPClient.initializeLibrary() else { throw SystemError(operation: "curl_global_init", code: 0) }
        self.loop = try EpollLoop()
        self.provider = try TestServer(self.loop, handler: handler)
        self.services = UpstreamServices(
            loop: self.loop, client: try HTTPClient(loop: self.loop),
            log: Log(role: .upstream, instance: 1, level: .error, sink: WorkerBench.Silence()), bodyBudget: bodyBudget)
        self.services.providers.add(
            UpstreamSnapshot(
                version: 1, providers: [WorkerBench.provider(self.provider.port)], prices: prices,
                policies: [policy], logLevel: .error), at: 0)
        self.services.journal = self.journal
        for number in 0..<edges { try self.addEdge(UInt32(number + 2)) }
    }

    private func addEdge(_ instance: UInt32) throws {
        let ends = try SocketPair(.stream).release()
        let edge = Edge()
        edge.worker = try EdgeLink(
            descriptor: OwnedDescriptor(adopting: ends.first), area: nil,
            machine: LinkMachine(
                hello: Hello(role: .upstream, instance: 1, build: [1]), peerRole: .edge, peerInstance: instance,
                accepting: .upstream),
            instance: instance, scratch: self.scratch, services: self.services
        ) { [weak edge] _ in edge?.worker = nil }
        edge.link = try EpollLink(
            loop: self.loop, descriptor: OwnedDescriptor(adopting: ends.second),
            machine: LinkMachine(
                hello: Hello(role: .edge, instance: instance, build: [1]), peerRole: .upstream, peerInstance: 1,
                accepting: .upstreamClient), scratch: self.scratch, delegate: edge)
        self.edges.append(edge)
    }

    /// One of the requests that share: identical but for what is named here. `sends` nothing of the body where it is nil.
    func request(
        edge: Int = 0, isStream: Bool = true, name: UInt64 = 7, body: String = "{}", length: Int? = nil,
        sends: Bool = true, eachPays: Bool = false, anthropicVersion: String = "", splices: [BodySplice] = []
    ) -> UInt64 {
        self.next += 1
        let bytes = Array(body.utf8)
        let request = ProviderRequest(
            record: RecordID(high: 7, low: self.next), endpoint: .chatCompletions, isStream: isStream,
            askedForUsage: false, anthropicVersion: Array(anthropicVersion.utf8),
            bodyLength: UInt64(length ?? bytes.count), snapshot: 1,
            sharedName: ProviderRequest.SharedName(high: 1, low: name, eachPays: eachPays),
            calls: [
                ProviderRequest.Call(target: Target(provider: 0, model: Array("m".utf8), price: 0), splices: splices)
            ])
        self.edges[edge].link?.send(StreamRequest.provider(request).frame(stream: self.next))
        if sends { self.edges[edge].send(body: bytes, self.next) }
        return self.next
    }

    func reply(_ stream: UInt64, edge: Int = 0) -> WorkerBench.Reply { self.edges[edge].reply(stream) }

    /// All of them, whichever edge they came from, have ended.
    func haveEnded(_ streams: [UInt64], edge: Int = 0) -> Bool {
        streams.allSatisfy { self.reply($0, edge: edge).end != nil }
    }

    func run(until condition: () -> Bool) throws -> Bool {
        try self.loop.turn(until: condition, within: 20, pause: 5_000_000)
    }

    func settle() throws { try self.loop.settle() }

    /// Nothing is left of any request: no memory, no call, no count.
    func isClean(bodyBudget: Int = 1 << 30) -> Bool {
        let hasAll = self.services.takeBodyBudget(bodyBudget)
        if hasAll { self.services.returnBodyBudget(bodyBudget) }
        return hasAll && self.services.active == 0 && self.services.sharedCalls.count == 0
            && self.services.client.activeTransfers == 0 && self.journal.isBalanced
    }
}
