import Domain
import IPC
import IPCNIO
import NIOCore
import NIOHTTP1

/// One client connection: carries out what `ConnectionMachine` and `Admission` decide, collects request bodies, and writes
/// replies as bytes (see `HTTPConnection+Replies.swift`).
///
/// Under HTTP/2 each stream has one of its own, for one request: `HTTP2Stream`, which stands before it, turns frames into the
/// parts of a request, and what is written here into frames.
///
/// Lives on the event loop, held by the pipeline and by `EdgeCore`'s list until the channel is inactive. At most one request
/// is worked on; parts of later ones are held back, bounded, and reading stops meanwhile. Whatever ends the connection
/// cancels the running exchange and returns what was charged to the body budget.
final class HTTPConnection: ChannelDuplexHandler, TurnFlushing, ClientConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What follows the last bytes of output.
    enum Closing: Hashable {
        case none
        case close
        case linger
        /// Reset, so that nobody takes what went out for a whole reply.
        case abort
    }

    let core: EdgeCore
    private let gate: InputGate
    /// nil under HTTP/1.
    let stream: HTTP2Stream?
    /// Where the client has come in; nil: everything is served.
    private let listener: OpenListener?
    /// The peer's address; nil before it was asked for, and `.some(nil)` where it has none.
    var peerAddress: ClientAddress??
    var context: ChannelHandlerContext?
    var machine: ConnectionMachine
    var place = -1

    var request: CurrentRequest?
    var exchange: Exchange?
    var body: BodyCollector
    var held = HeldParts()
    private var isWorkingOffHeld = false

    private var readIsPaused = false
    private var readIsPending = false
    var budgetTimeout: Scheduled<Void>?
    private var inputEnded = false

    var output = ByteBuffer()
    var direct: DirectOutput
    /// What makes the reply whole, kept back until its record is settled.
    var withheld: ByteBuffer?
    /// `withheld` is the reply's head, behind which nothing comes.
    var withholdsHead = false
    var framing: ReplyFraming?
    /// What puts the gateway's own words into the reply's body; nil where nothing is put there.
    var extended: ExtendedReply?
    var isFlushScheduled = false
    var closing = Closing.none
    /// When a client has had long enough to take the last bytes.
    var closeDeadline = UInt64.max
    var progress: OutputProgress
    /// The last reply has no other end than the connection's.
    var isCloseDelimited = false
    /// The socket has taken the last bytes.
    var isLastTaken = false

    /// `isSecure`: there is TLS between this and the socket. `stream`: the connection is one of HTTP/2's streams.
    init(
        core: EdgeCore, gate: InputGate, isSecure: Bool = false, stream: HTTP2Stream? = nil,
        listener: OpenListener? = nil
    ) {
        self.core = core
        self.listener = listener
        self.gate = gate
        self.stream = stream
        self.direct = DirectOutput(isAllowed: !isSecure && stream == nil)
        self.body = BodyCollector(budget: core.budget)
        self.machine = ConnectionMachine(limits: core.settings.limits, now: core.now)
        self.progress = OutputProgress(limits: core.settings.limits)
    }

    // MARK: ChannelHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if let stream = self.stream { stream.connection.add(self) } else { self.core.add(self) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.ended()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.ended()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            let head = RequestHead(head, tierHeaders: self.core.settings.tierHeaders)
            self.stream?.complete(head)
            self.gate.headCame(isChunked: head.body == .chunked)
            self.received(head)
        case .body(let piece):
            self.gate.bodyCame(piece.readableBytes)
            self.received(piece)
        case .end:
            self.gate.messageEnded()
            self.receivedEnd()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes that made no part yet are the beginning of a head, or what comes behind the last reply.
        if self.machine.noticesBytes, self.gate.hasBegun { self.machine.receivedBytes(now: self.core.now) }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if self.readIsPaused { self.readIsPending = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(ChannelEvent.inputClosed) = event as? ChannelEvent { self.inputHasEnded() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        // The decoder wants no more; what still comes must not look like another error, it is only read away.
        self.gate.shut(wiping: self.body.isSecret)
        guard !self.inputEnded else { return }
        let fault: GatewayError
        switch error {
        case .headerOverflow: fault = self.gate.isTooLong ? .uriTooLong : .headersTooLarge
        case .invalidMethod: fault = self.gate.looksLikeHTTP ? .methodNotAllowed : .badRequest
        case .invalidEOFState, .closedConnection: return
        default: fault = .badRequest
        }
        self.received(fault: fault)
    }

    // MARK: Input

    private func received(_ head: RequestHead) {
        switch self.machine.receivedHead(hasBody: head.body != .none, now: self.core.now) {
        case .take: self.begin(head)
        case .hold: self.hold(.head(head))
        case .drop: break
        }
    }

    private func received(_ piece: ByteBuffer) {
        switch self.machine.receivedBody(now: self.core.now) {
        case .take: self.collect(piece)
        case .hold: self.hold(.body(piece))
        // What nobody reads was not looked at either: it may be anything.
        case .drop: piece.wipeReadableBytes()
        }
    }

    private func receivedEnd() {
        switch self.machine.receivedEnd(now: self.core.now) {
        case .serve: self.serve()
        case .next: self.becameFree()
        case .hold: self.hold(.end)
        case .drop: break
        }
    }

    /// The decoder understands nothing from here on.
    private func received(fault: GatewayError) {
        switch self.machine.phase {
        case .request(.whole): self.hold(.fault(fault))
        case .lingering, .closed: break
        case .idle, .head, .request(.reading), .request(.discarding):
            self.machine.inputBroke()
            self.refuseUnread(fault)
        }
    }

    /// Answers what could not be read as a request, or did not come in time.
    func refuseUnread(_ error: GatewayError) {
        // A reply that has begun cannot become another one.
        if let request = self.request, request.status != 0 { return self.flushAndClose() }
        if self.request == nil {
            self.request = CurrentRequest(
                unreadable: self.core.mint(), settings: self.core.settings, start: self.core.now)
        }
        self.request?.keepsAlive = false
        self.refuse(error)
    }

    private func inputHasEnded() {
        guard !self.inputEnded else { return }
        self.inputEnded = true
        if self.machine.inputEnded() { return self.flushAndClose() }
        guard let request = self.request else { return }
        // Whether the client has only stopped sending or has gone cannot be seen, but a client that has gone answers the
        // next bytes with a reset. An interim reply, which every client has to skip, brings that out.
        guard request.status == 0, !request.isHTTP10 else { return self.flushAndClose() }
        self.output.writeStaticString(HTTPConnection.continueReply)
        self.scheduleFlush()
    }

    func flushAndClose() {
        self.clientLeft()
        self.machine.closed()
        // Half of a reply that ends with the connection would look whole.
        let isCut = self.closing == .abort || (self.framing != nil && (self.isCloseDelimited || self.stream != nil))
        self.closing = isCut ? .abort : .close
        self.scheduleFlush()
    }

    // MARK: Holding back

    private func hold(_ part: HeldParts.Part) {
        self.held.append(part)
        self.readIsPaused = true
    }

    /// The reply is whole and the connection takes the next request: first what was held back.
    func becameFree() {
        guard !self.isWorkingOffHeld else { return }
        self.isWorkingOffHeld = true
        while let part = self.nextHeld() {
            switch part {
            case .head(let head): self.received(head)
            case .body(let piece): self.received(piece)
            case .end: self.receivedEnd()
            case .fault(let error): self.received(fault: error)
            }
        }
        self.isWorkingOffHeld = false
        guard self.held.isEmpty else { return }
        if self.machine.isIdle {
            if self.inputEnded { return self.flushAndClose() }
            if self.core.isDraining { self.machine.drain(now: self.core.now) }
            if self.gate.hasBegun, !self.machine.awaitsEnd { self.machine.receivedBytes(now: self.core.now) }
        }
        self.resumeReading()
    }

    /// The next part that was held back, unless the request it follows is still being served.
    private func nextHeld() -> HeldParts.Part? {
        switch self.machine.phase {
        case .request(.whole) where !self.machine.awaitsEnd: nil
        case .lingering, .closed: nil
        default: self.held.popFirst()
        }
    }

    var hasHeld: Bool { !self.held.isEmpty }

    /// The last reply is out: what the client has sent ahead is forgotten, and the rest is only read away.
    func forgetHeld() {
        self.held.forget()
        self.resumeReading()
    }

    private func resumeReading() {
        guard self.readIsPaused, !self.core.budget.isExceeded || self.body.charged == 0 else { return }
        self.readIsPaused = false
        guard self.readIsPending else { return }
        self.readIsPending = false
        self.context?.read()
    }

    // MARK: One request

    private func begin(_ head: RequestHead) {
        #if SLUICE_TEST_HOOKS
        TestHooks.block(seconds: head.blockEdge)
        #endif
        let settings = self.core.settings
        var route = Route(path: head.path).resolved(for: head)
        if let purpose = self.listener?.purpose, purpose != .everything, !purpose.serves(route) { route = .unknown }
        self.request = CurrentRequest(
            head, route: route, record: self.core.mint(), settings: settings, start: self.core.now)
        self.request?.address = self.clientAddress(head, settings.limitPolicy)
        self.request?.isHTTP2 = self.stream != nil
        self.body.isSecret = route == .administration
        #if SLUICE_TEST_HOOKS
        if let probe = head.probe {
            return self.send(probed: TestHooks.probe(probe))
        }
        #endif
        var isWrongKey = false
        let admission = Admission.decide(
            head, route, settings, isLoopback: { self.isLoopback },
            identify: { credential in
                let verdict = self.core.identify(credential, settings)
                if case .principal(let principal, let limits, let models) = verdict {
                    self.request?.principal = principal
                    self.request?.keyLimits = limits
                    self.request?.keyModels = models
                }
                isWrongKey = verdict == .refused && credential != .none
                return verdict
            })
        switch admission {
        case .refuse(let error): self.refuse(isWrongKey ? self.wrongKey(error) : error)
        case .answer(let answer): self.answer(answer, head)
        case .metrics: self.askAggregator()
        case .collect, .administration:
            self.request?.authenticatedAt = self.core.now
            if head.expectsContinue, !head.isHTTP10, head.body != .none {
                if let stream = self.stream {
                    stream.sayContinue()
                } else {
                    self.output.writeStaticString(HTTPConnection.continueReply)
                }
                self.scheduleFlush()
            }
        }
    }

    /// The client is on this machine.
    private var isLoopback: Bool {
        guard let address = self.context?.channel.remoteAddress else { return false }
        guard let ip = address.ipAddress else { return address.pathname != nil }
        return ip.utf8.starts(with: "127.".utf8) || ip.hasBytes("::1") || ip.utf8.starts(with: "::ffff:127.".utf8)
    }

    private func collect(_ piece: ByteBuffer) {
        // Other bodies go nowhere: one that was kept would come before the next request's.
        guard let request = self.request, let limit = request.longestBody else { return piece.wipeReadableBytes() }
        request.receivedBody += UInt64(clamping: piece.readableBytes)
        guard request.receivedBody <= limit else {
            if self.body.isSecret { piece.wipeReadableBytes() }
            return self.refuse(.tooLarge(limit))
        }
        self.body.append(self.gate.inPlace(piece), expected: request.expectedBody)
        if self.core.budget.isExceeded { self.waitForBudget() }
    }

    private func waitForBudget() {
        self.readIsPaused = true
        self.core.budget.wait(self) { [weak self] in self?.budgetHasRoom() }
        guard self.budgetTimeout == nil else { return }
        self.budgetTimeout = self.core.eventLoop.assumeIsolated().scheduleTask(in: Exchange.patience) { [weak self] in
            guard let self else { return }
            self.budgetTimeout = nil
            guard self.machine.phase == .request(.reading) else { return }
            self.refuse(.gatewayUnavailable)
            self.resumeReading()
        }
    }

    private func budgetHasRoom() {
        if let timeout = self.budgetTimeout {
            timeout.cancel()
            self.budgetTimeout = nil
            self.machine.readingResumed(now: self.core.now)
        }
        if self.held.isEmpty { self.resumeReading() }
    }

    /// The request is whole.
    private func serve() {
        guard let request = self.request, case .provider(let endpoint) = request.route, self.exchange == nil,
            request.status == 0, let principal = request.principal
        else { return self.serveOther() }
        self.budgetHasRoom()
        self.core.budget.forget(self)
        // The body may have taken minutes; upstreams know the plans of the newest configuration.
        request.settings = self.core.settings
        let body = self.body.body
        if request.settings.requestLogging.prompts {
            request.promptSample = Array(body.readableBytesView.prefix(AccessLog.longestSample + 1))
        }
        do throws(GatewayError) {
            let capacity = body.readableBytes + body.writableBytes
            let planned = try unsafe body.withUnsafeReadableBytes { (bytes) throws(GatewayError) in
                unsafe try self.core.begin(request, principal, endpoint, bytes)
                #if SLUICE_TEST_HOOKS
                TestHooks.crash(request.crashesEdge)
                #endif
                var planned = unsafe try self.core.plan(request, principal, endpoint, bytes, capacity: capacity)
                unsafe try self.core.admit(request, &planned, bytes)
                unsafe self.core.share(request, principal, &planned, bytes)
                return planned
            }
            self.dispatch(planned, body)
        } catch {
            self.refuse(error)
        }
    }

    private func dispatch(_ planned: CallPlanner.Planned, _ body: ByteBuffer) {
        #if SLUICE_TEST_HOOKS
        var call = planned.request
        call.blockForTest = self.request?.blockUpstream ?? 0
        #else
        let call = planned.request
        #endif
        self.request?.isStream = call.isStream
        self.request?.calls = call.calls
        self.body.handOver()
        self.start(Exchange(.provider(call), body: body, budget: self.core.budget, client: self))
    }

    private func start(_ exchange: Exchange) {
        self.request?.isActive = true
        self.core.requestStarted()
        self.exchange = exchange
        exchange.start(in: self.core.upstreams, on: self.core.eventLoop)
    }

    /// The request is whole, and not for a provider.
    private func serveOther() {
        guard let request = self.request, request.route == .administration, self.exchange == nil, request.status == 0
        else { return self.dropBody() }
        self.budgetHasRoom()
        self.core.budget.forget(self)
        self.askControl(request)
    }

    private func askAggregator() {
        let request = AdministrationRequest(method: "GET", path: "/metrics")
        let exchange = Exchange(
            .administration(request), body: ByteBuffer(), budget: self.core.budget, client: self)
        self.exchange = exchange
        // An aggregator that has just started, or starts again, opens its link within a moment.
        exchange.start(in: self.core.aggregators, on: self.core.eventLoop)
    }

    /// Lets go of a body that is not sent anywhere.
    func dropBody() {
        self.core.budget.forget(self)
        self.budgetTimeout?.cancel()
        self.budgetTimeout = nil
        self.body.drop()
    }

    private static let continueReply: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
}
