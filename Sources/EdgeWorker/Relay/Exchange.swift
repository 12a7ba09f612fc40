import Domain
import IPC
import IPCNIO
import NIOCore

/// Who gets a reply: a client's connection. All calls on the event loop; after `replyEnded` or `replyFailed` none follows.
protocol ExchangeClient: AnyObject {
    /// The request is on its way to a peer.
    func requestWasSent()
    func replyBegan(_ head: ResponseHead)
    func reply(_ chunk: ByteBuffer)
    /// Whether the upstream may call a provider once more, which may be billed once more.
    func mayAttempt(_ attempt: FurtherAttempt) -> Bool
    /// The peer has said all; the reply is whole unless `end` carries a failure.
    func replyEnded(_ end: StreamEnd)
    /// The reply cannot be had (any more).
    func replyFailed(_ error: GatewayError)
}

extension ExchangeClient {
    func mayAttempt(_ attempt: FurtherAttempt) -> Bool { true }
}

/// One request on its way to a peer and its reply on the way back: the stream's windows, and the order of frames.
///
/// Lives on the event loop. Owns the body until it is handed to the link or lies in the link's area; one for the administration, which may
/// hold a secret, until the end, and overwrites it then. The client is let go exactly once, by the end of
/// the reply, its failure, or `cancel`. After `stop` nothing of the reply passes any more: the client, which may be
/// another one by then, hears only the peer's END (what the request cost), or that it will not come.
final class Exchange {
    private enum State {
        case created
        case waiting(UpstreamPool, Scheduled<Void>)
        case running(PeerLink, stream: UInt64)
        case stopping(PeerLink, stream: UInt64, Scheduled<Void>)
        case over
    }

    /// How long a request waits for a link to an upstream.
    static let patience = TimeAmount.seconds(5)
    /// How long a peer that was told to stop has for saying what the request cost.
    static let stopPatience = TimeAmount.seconds(10)
    /// The same for a request whose call others may share: it goes on for them, and what it cost is known at its end. That the peer
    /// is lost is heard of at once in any case.
    static let sharedStopPatience = TimeAmount.hours(1)

    private let request: StreamRequest
    private(set) var body: ByteBuffer
    private var charged: Int
    private let isSecret: Bool
    private let budget: BodyBudget
    private var client: (any ExchangeClient)?
    private var state = State.created
    private var sending = SendWindow(size: WireLimits.bodyWindow)
    private var receiving = ReceiveWindow(size: WireLimits.replyWindow)
    private var hasHead = false
    /// Bytes of the reply the client's socket has not taken yet.
    private var unwritten = 0

    /// `body` is already charged to `budget`, with its readable bytes.
    init(_ request: StreamRequest, body: ByteBuffer, budget: BodyBudget, client: any ExchangeClient) {
        self.request = request
        self.body = body
        self.charged = body.readableBytes
        if case .administration = request { self.isSecret = true } else { self.isSecret = false }
        self.budget = budget
        self.client = client
    }

    /// The link it goes over: that of the requests it may share a call with, else the least busy one.
    func link(in pool: UpstreamPool) -> PeerLink? {
        guard case .provider(let request) = self.request, let name = request.sharedName else { return pool.leastBusy() }
        return pool.link(for: name)
    }

    /// Sends the request over a link of `pool`, or waits for one to open.
    func start(in pool: UpstreamPool, on eventLoop: any EventLoop) {
        guard case .created = self.state else { return }
        if let link = self.link(in: pool) { return self.start(on: link) }
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: Exchange.patience) { [weak pool] in
            pool?.forget(self)
            self.fail(.gatewayUnavailable)
        }
        self.state = .waiting(pool, timeout)
        pool.wait(self)
    }

    /// Sends the request over `link`.
    func start(on link: PeerLink) {
        switch self.state {
        case .created: break
        case .waiting(_, let timeout): timeout.cancel()
        case .running, .stopping, .over: return
        }
        let stream = link.open(self)
        self.state = .running(link, stream: stream)
        self.client?.requestWasSent()
        if !self.isSecret, let offset = link.place(self.body, stream: stream) {
            link.handler?.send(self.request.withBody(at: offset), stream: stream)
            self.releaseBody()
        } else {
            link.handler?.send(self.request, stream: stream)
            self.sendBody(link, stream)
        }
    }

    /// The client wants no more: the peer stops working on it. Nothing more is heard of the request.
    func cancel() {
        switch self.state {
        case .waiting(let pool, let timeout):
            timeout.cancel()
            pool.forget(self)
        case .running(let link, let stream): link.cancel(stream: stream)
        case .stopping(let link, let stream, let timeout):
            timeout.cancel()
            link.forget(stream: stream)
        case .created, .over: break
        }
        self.finish()
    }

    /// The reply is not wanted any more, but what it cost. True: `client` hears of the peer's END, or of its loss, within
    /// `stopPatience` (or `sharedStopPatience`). False: there is nothing to hear, as no peer has ever seen the request; the exchange is over.
    func stop(on eventLoop: any EventLoop, informing client: any ExchangeClient) -> Bool {
        switch self.state {
        case .running(let link, let stream) where link.stop(stream: stream):
            let timeout = eventLoop.assumeIsolated().scheduleTask(in: self.stopPatience) {
                link.forget(stream: stream)
                self.fail(.upstreamLost)
            }
            self.state = .stopping(link, stream: stream, timeout)
        case .stopping: break
        case .running, .created, .waiting, .over:
            self.cancel()
            return false
        }
        self.client = client
        self.releaseBody()
        return true
    }

    private var stopPatience: TimeAmount {
        if case .provider(let request) = self.request, request.sharedName != nil { return Self.sharedStopPatience }
        return Self.stopPatience
    }

    private func sendBody(_ link: PeerLink, _ stream: UInt64) {
        guard self.body.readableBytes > 0 else { return }
        let count = self.sending.take(upTo: self.body.readableBytes)
        guard count > 0, let piece = self.body.readSlice(length: count) else { return }
        let isLast = self.body.readableBytes == 0
        // A copy in the link's own memory would outlive the body.
        link.handler?.sendData(
            .body, stream: stream, flags: isLast ? FrameHeader.lastFlag : 0, piece, copies: !self.isSecret)
        if isLast, !self.isSecret { self.releaseBody() }
    }

    private func releaseBody() {
        if self.isSecret { self.body.wipe() }
        self.body = ByteBuffer()
        guard self.charged > 0 else { return }
        let charged = self.charged
        self.charged = 0
        self.budget.release(charged)
    }

    // MARK: From the peer

    func received(head: ResponseHead) throws(FrameError) {
        guard !self.hasHead else { throw .malformed(.responseHead) }
        self.hasHead = true
        if case .running = self.state { self.client?.replyBegan(head) }
    }

    func received(chunk: ByteBuffer) throws(FrameError) {
        guard self.hasHead else { throw .malformed(.chunk) }
        try self.receiving.receive(chunk.readableBytes)
        guard case .running = self.state else { return }
        self.unwritten += chunk.readableBytes
        self.client?.reply(chunk)
    }

    func received(credit: Credit) throws(FrameError) {
        try self.sending.credit(credit.bytes)
        guard case .running(let link, let stream) = self.state else { return }
        self.sendBody(link, stream)
    }

    /// While it is being stopped the peer gets no answer: its END is on the way.
    func received(attempt: FurtherAttempt) {
        guard case .running(let link, let stream) = self.state else { return }
        let allowed = self.client?.mayAttempt(attempt) ?? false
        // The client may have cancelled within the call.
        guard case .running = self.state else { return }
        link.handler?.send(Grant(allowed: allowed), stream: stream)
    }

    func received(end: StreamEnd) {
        let client = self.client
        var end = end
        if case .stopping(_, _, let timeout) = self.state {
            timeout.cancel()
        } else if end.failure == nil, !self.hasHead {
            end.failure = .upstreamLost
        }
        self.finish()
        client?.replyEnded(end)
    }

    func linkLost() {
        self.fail(.upstreamLost)
    }

    private func fail(_ error: GatewayError) {
        let client = self.client
        if case .stopping(_, _, let timeout) = self.state { timeout.cancel() }
        self.finish()
        client?.replyFailed(error)
    }

    private func finish() {
        self.state = .over
        self.client = nil
        self.releaseBody()
    }

    // MARK: From the client

    /// The client's socket has taken everything so far: the peer may send as much again.
    func written() {
        guard self.unwritten > 0, case .running(let link, let stream) = self.state else { return }
        let credit = self.receiving.release(self.unwritten)
        self.unwritten = 0
        if let credit { link.handler?.send(Credit(bytes: credit), stream: stream) }
    }
}
