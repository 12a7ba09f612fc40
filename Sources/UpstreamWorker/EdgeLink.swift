internal import Domain
internal import IPC
internal import IPCEpoll
internal import Metrics
internal import EventLog
internal import Platform

/// A link to an edge and the request streams that run on it. Lives on the worker's loop; the role keeps it until it ends.
final class EdgeLink: EpollLinkDelegate, ExchangeOwner {
    let instance: UInt32
    private let services: UpstreamServices
    /// Where the edge lays large bodies; nil where the link has none.
    private let area: SharedArea?
    private var link: EpollLink?
    private var streams: [UInt64: any EdgeStream] = [:]
    /// Those that hold back because the link is congested, in the order in which they go on.
    private var waiting: [any EdgeStream] = []
    private let ended: (EdgeLink) -> Void
    private var isQuieting = false
    /// The edge was asked to send no new request, and none will come.
    private(set) var isQuiet = false
    /// Called when that is so.
    var quieted: () -> Void = {}

    /// Takes over the socket.
    init(
        descriptor: consuming OwnedDescriptor, area: SharedArea?, machine: LinkMachine, instance: UInt32,
        scratch: LinkScratch,
        services: UpstreamServices, ended: @escaping (EdgeLink) -> Void
    ) throws(SystemError) {
        self.instance = instance
        self.services = services
        self.area = area
        self.ended = ended
        self.link = try EpollLink(
            loop: services.loop, descriptor: descriptor, machine: machine, scratch: scratch,
            counters: services.linkCounters.counters(for: .edge), delegate: self)
    }

    // MARK: From the edge

    func linkOpened(_ link: EpollLink) {}

    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer) {
        do throws(FrameError) {
            switch header.type {
            case .request: unsafe try self.begin(header.stream, payload)
            case .body:
                // Frames of a stream that has ended may still be on their way.
                unsafe try self.streams[header.stream]?
                    .receive(body: payload, isLast: header.flags & FrameHeader.lastFlag != 0)
            case .credit: try self.streams[header.stream]?.receive(credit: unsafe Credit(payload: payload).bytes)
            case .grant: try self.streams[header.stream]?.receive(grant: unsafe Grant(payload: payload))
            case .cancel: self.streams[header.stream]?.cancel()
            case .drain where self.isQuieting:
                self.isQuiet = true
                self.quieted()
            default: throw .unexpectedType(header.type)
            }
        } catch {
            link.close(error: error)
        }
    }

    private func begin(_ stream: UInt64, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
        guard case .provider(let request) = unsafe try StreamRequest(payload: payload), stream != 0 else {
            throw .malformed(.request)
        }
        let body = try self.body(request)
        switch self.begin(request, stream) {
        case .success(let work):
            self.streams[stream] = work
            if let body { work.receive(body: body) }
        case .failure(let error): self.send(end: StreamEnd(failure: error), stream: stream)
        }
    }

    private func begin(_ request: ProviderRequest, _ stream: UInt64) -> Result<any EdgeStream, GatewayError> {
        guard request.sharedName == nil else {
            return SharedCall.begin(request, stream: stream, on: self, self.services).map { $0 }
        }
        return Exchange.begin(request, stream: stream, for: self, self.services).map { $0 }
    }

    /// The request's body where it lies in the area; nil when it comes in frames.
    private func body(_ request: ProviderRequest) throws(FrameError) -> SharedBytes? {
        guard let offset = request.bodyOffset else { return nil }
        guard let length = Int(exactly: request.bodyLength), let body = self.area?.bytes(at: offset, count: length)
        else { throw .malformed(.request) }
        return body
    }

    func linkEnded(_ link: EpollLink, error: FrameError?) {
        if let error {
            self.services.log.error(
                "link closed: the edge broke the protocol",
                ["edge": .int(self.instance), "error": .string("\(error)")])
        }
        self.link = nil
        self.waiting = []
        for exchange in Array(self.streams.values) { exchange.linkLost() }
        self.ended(self)
    }

    func linkRelieved(_ link: EpollLink) {
        let waiting = self.waiting
        self.waiting = []
        for index in waiting.indices {
            // The first may have filled it again.
            guard !link.isCongested else {
                self.waiting.insert(contentsOf: waiting[index...], at: 0)
                return
            }
            waiting[index].linkRelieved()
        }
    }

    // MARK: From the streams

    /// The edge does not read what it is sent.
    var isCongested: Bool { self.link?.isCongested ?? false }

    func wait(_ exchange: Exchange) { self.wait(stream: exchange) }

    /// Tells `stream` when the link is no longer congested.
    func wait(stream: any EdgeStream) {
        self.waiting.append(stream)
    }

    func forget(_ stream: UInt64) {
        self.streams[stream] = nil
    }

    func send(bodyCredit bytes: UInt32, stream: UInt64) {
        self.link?.send(urgent: Credit(bytes: bytes).frame(stream: stream))
    }

    func send(head: ResponseHead, stream: UInt64) {
        self.link?.send(head.frame(stream: stream))
    }

    func send(attempt: FurtherAttempt, stream: UInt64) {
        self.link?.send(attempt.frame(stream: stream))
    }

    func send(end: StreamEnd, stream: UInt64) {
        self.link?.send(end.frame(stream: stream))
    }

    func send(chunk: UnsafeRawBufferPointer, stream: UInt64) {
        unsafe self.link?.send(.chunk, stream: stream, data: chunk)
    }

    /// Asks the edge to send no new request.
    func quiet() {
        guard !self.isQuieting else { return }
        self.isQuieting = true
        self.link?.send(Drain(timeout: 0).frame())
    }

    /// Ends all that runs.
    func fail(_ failure: ProviderFailure) {
        for exchange in Array(self.streams.values) { exchange.fail(failure) }
    }
}
