import Domain
import IPC
import IPCNIO
import NIOCore

/// Who gets a reply: a client's connection. All calls on the event loop; after `replyEnded` or `replyFailed` none follows.
protocol ExchangeClient: AnyObject {
    func replyBegan(_ head: ResponseHead)
    func reply(_ chunk: ByteBuffer)
    /// The peer has said all; the reply is whole unless `end` carries a failure.
    func replyEnded(_ end: StreamEnd)
    /// The reply cannot be had (any more).
    func replyFailed(_ error: GatewayError)
}

/// One request on its way to a peer and its reply on the way back: the stream's windows, and the order of frames.
///
/// Lives on the event loop. Owns the body until it is handed to the link. The client is let go exactly once, by the end of
/// the reply, its failure, or `cancel`.
final class Exchange {
    private enum State {
        case created
        case waiting(Scheduled<Void>)
        case running(PeerLink, stream: UInt64)
        case over
    }

    /// How long a request waits for a link to an upstream.
    static let patience = TimeAmount.seconds(5)

    private let request: StreamRequest
    private var body: ByteBuffer
    private var charged: Int
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
        self.budget = budget
        self.client = client
    }

    /// Sends the request over the least busy link of `pool`, or waits for one to open.
    func start(in pool: UpstreamPool, on eventLoop: any EventLoop) {
        guard case .created = self.state else { return }
        if let link = pool.leastBusy() { return self.start(on: link) }
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: Exchange.patience) { [weak pool] in
            pool?.forget(self)
            self.fail(.gatewayUnavailable)
        }
        self.state = .waiting(timeout)
        pool.wait(self)
    }

    /// Sends the request over `link`.
    func start(on link: PeerLink) {
        switch self.state {
        case .created: break
        case .waiting(let timeout): timeout.cancel()
        case .running, .over: return
        }
        let stream = link.open(self)
        self.state = .running(link, stream: stream)
        link.handler?.send(self.request, stream: stream)
        self.sendBody(link, stream)
    }

    /// The client wants no more: the peer stops working on it.
    func cancel(_ pool: UpstreamPool) {
        switch self.state {
        case .waiting(let timeout):
            timeout.cancel()
            pool.forget(self)
        case .running(let link, let stream): link.cancel(stream: stream)
        case .created, .over: break
        }
        self.finish()
    }

    private func sendBody(_ link: PeerLink, _ stream: UInt64) {
        guard self.body.readableBytes > 0 else { return }
        let count = self.sending.take(upTo: self.body.readableBytes)
        guard count > 0, let piece = self.body.readSlice(length: count) else { return }
        let isLast = self.body.readableBytes == 0
        link.handler?.sendData(.body, stream: stream, flags: isLast ? FrameHeader.lastFlag : 0, piece)
        if isLast { self.releaseBody() }
    }

    private func releaseBody() {
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
        self.client?.replyBegan(head)
    }

    func received(chunk: ByteBuffer) throws(FrameError) {
        guard self.hasHead else { throw .malformed(.chunk) }
        try self.receiving.receive(chunk.readableBytes)
        self.unwritten += chunk.readableBytes
        self.client?.reply(chunk)
    }

    func received(credit: Credit) throws(FrameError) {
        try self.sending.credit(credit.bytes)
        guard case .running(let link, let stream) = self.state else { return }
        self.sendBody(link, stream)
    }

    func received(end: StreamEnd) {
        let client = self.client
        self.finish()
        if end.failure == nil, !self.hasHead {
            client?.replyFailed(.upstreamLost)
        } else {
            client?.replyEnded(end)
        }
    }

    func linkLost() {
        self.fail(.upstreamLost)
    }

    private func fail(_ error: GatewayError) {
        let client = self.client
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
