internal import Dialects
internal import Domain
#if SLUICE_TEST_HOOKS
internal import Glibc
#endif
internal import HTTPClient
internal import IPC
internal import IPCEpoll
internal import Platform

/// One request stream of a link: feeds the `ExchangeMachine` with what comes from the edge, the provider and the clock, and
/// carries out what it orders.
///
/// Kept by its owner until it is over. Holds its snapshot's providers, its part of the body budget and one timer. Lives
/// on the worker's loop.
final class Exchange: EdgeStream, HTTPTransferDelegate, ExchangeOutput {
    /// Bytes of the largest request body.
    static let maximumBody = 1 << 30

    private let services: UpstreamServices
    private let stream: UInt64
    private let request: ProviderRequest
    private let pool: ProviderPool
    private let route: ProviderRoute
    private var ledger: AttemptLedger
    /// nil once the link is lost or the exchange over.
    private var owner: (any ExchangeOwner)?
    private var collector: BodyCollector
    /// As it is sent, while it may have to be sent once more.
    private var body: HTTPBody?
    private let machine: ExchangeMachine
    private var call: (any ProviderCall)?
    /// What the request waits for while it is being prepared.
    private var images: (any ImageFetching)?
    private var timer: LoopTimer?
    /// What the timer is set for; `.max` while it is not.
    private var timerDue: UInt64 = .max
    /// Bytes taken for the request's body and not yet returned.
    private var bodyBudget: Int
    /// The same for its reply.
    private var replyBudget = 0
    /// Its link tells when it is no longer congested.
    private var waitsForLink = false

    /// Fails when the request cannot be begun.
    static func begin(
        _ request: ProviderRequest, stream: UInt64, for owner: any ExchangeOwner, _ services: UpstreamServices
    ) -> Result<Exchange, GatewayError> {
        guard !services.isDraining else { return .failure(ProviderFailure.draining.error) }
        guard let set = services.providers.providers(of: request.snapshot), let call = request.calls.first,
            Int(call.target.provider) < set.pools.count
        else { return .failure(ProviderFailure.unknownConfiguration.error) }
        guard let length = Int(exactly: request.bodyLength), length <= Exchange.maximumBody,
            services.takeBodyBudget(length)
        else { return .failure(ProviderFailure.outOfMemory.error) }
        let pool = set.pools[Int(call.target.provider)]
        let ledger = AttemptLedger(request, call.target, set, pool, services)
        return .success(Exchange(request, call, stream, owner, services, pool, length, ledger))
    }

    private init(
        _ request: ProviderRequest, _ call: ProviderRequest.Call, _ stream: UInt64, _ owner: any ExchangeOwner,
        _ services: UpstreamServices, _ pool: ProviderPool, _ length: Int, _ ledger: AttemptLedger
    ) {
        self.request = request
        self.stream = stream
        self.owner = owner
        self.services = services
        self.ledger = ledger
        self.pool = pool
        self.route = pool.route(request.endpoint)
        self.bodyBudget = length
        self.collector = BodyCollector(length: length)
        let dialect =
            switch self.route.passage {
            case .openAI: services.openAIReplies
            case .anthropic: services.anthropicReplies
            case .translated: ReplyDialect(self.route.context(for: request, call), reader: services.reader)
            }
        self.machine = ExchangeMachine(
            terms: ExchangeTerms(
                isStream: request.isStream, askedForUsage: request.askedForUsage, timeouts: pool.settings.timeouts),
            dialect: dialect)
        services.exchangeBegan()
    }

    // MARK: From the edge

    func receive(body payload: UnsafeRawBufferPointer, isLast: Bool) throws(FrameError) {
        guard self.machine.state == .ready else { throw .unexpectedType(.body) }
        switch unsafe try self.collector.receive(payload, isLast: isLast) {
        case .more(let credit):
            if let credit { self.owner?.send(bodyCredit: credit, stream: self.stream) }
        case .complete:
            self.start(.bytes(self.collector.take()))
        case .short:
            self.perform(self.machine.fail(.damagedRequest, at: self.services.loop.now, to: self))
        }
    }

    /// The body lies in the link's area, and stays there until END is sent.
    func receive(body: SharedBytes) {
        self.start(.shared(body))
    }

    /// The body has come by another way.
    func receive(body: HTTPBody) {
        self.start(body)
    }

    func receive(credit bytes: UInt32) throws(FrameError) {
        self.perform(try self.machine.creditReceived(bytes, at: self.services.loop.now, to: self))
    }

    /// The answer to ATTEMPT. What the journal does not take is not done.
    func receive(grant: Grant) throws(FrameError) {
        let now = self.services.loop.now
        var allowed = grant.allowed
        if allowed, let asked = self.machine.asked { allowed = self.ledger.admit(asked.number) }
        self.perform(try self.machine.answered(allowed, at: now, to: self))
    }

    /// The link is no longer congested.
    func linkRelieved() {
        self.waitsForLink = false
        self.perform(self.machine.linkRelieved(at: self.services.loop.now, to: self))
    }

    /// The client has gone.
    func cancel() {
        self.perform(self.machine.cancelled(at: self.services.loop.now, to: self))
    }

    /// The whole edge has gone, or nothing can be said to it any more: the request is settled from this side.
    func linkLost() {
        self.orphan()
        self.cancel()
    }

    /// The call goes on, for others; nobody is left who would settle the request.
    func orphan() {
        self.ledger.isOrphaned = true
    }

    /// Ends the exchange from this side.
    func fail(_ failure: ProviderFailure) {
        self.perform(self.machine.fail(failure, at: self.services.loop.now, to: self))
    }

    // MARK: The call

    private func start(_ original: HTTPBody) {
        self.blockForTest()
        guard let call = self.request.calls.first, let body = original.applying(call.splices) else {
            return self.fail(.damagedRequest)
        }
        guard !self.route.isExact else { return self.send(body) }
        do throws(GatewayError) {
            let context = self.machine.dialect.context ?? self.route.context(for: self.request, call)
            switch try self.route.prepare(body, context, self.services.reader) {
            case .body(let body): self.send(translated: body)
            case .needsImages(let pending): self.fetchImages(pending)
            case .countHere(let promptBytes):
                let tokens = self.ledger.promptTokens(bytes: promptBytes)
                self.machine.answer(TokenCountReply.write(tokens), at: self.services.loop.now, to: self)
                self.perform(.proceed)
            }
        } catch {
            self.fail(.refused(error))
        }
    }

    private func fetchImages(_ pending: PendingRequest) {
        // A request that was read takes about ten times its text while it waits.
        let parsed = self.bodyBudget * 8
        guard self.services.takeBodyBudget(parsed) else { return self.fail(.outOfMemory) }
        self.bodyBudget += parsed
        self.machine.preparing(at: self.services.loop.now)
        let images = self.services.images.fetchImages(pending.urls) { [weak self] in
            self?.imagesFetched($0, pending, parsed)
        }
        // It may have failed already.
        guard self.machine.state == .preparing else { return }
        self.images = images
        self.armTimer(for: self.machine.deadline)
    }

    private func imagesFetched(
        _ result: Result<[FetchedImage], GatewayError>, _ pending: PendingRequest, _ parsed: Int
    ) {
        self.images = nil
        // Else everything was given back.
        guard self.machine.state == .preparing else { return }
        self.services.returnBodyBudget(parsed)
        self.bodyBudget -= parsed
        do throws(GatewayError) {
            self.send(translated: .bytes(try pending.body(try result.get())))
        } catch {
            self.fail(.refused(error))
        }
    }

    /// A translated body may be larger than the client's.
    private func send(translated body: HTTPBody) {
        let growth = max(0, body.count - self.bodyBudget)
        guard self.services.takeBodyBudget(growth) else { return self.fail(.outOfMemory) }
        self.bodyBudget += growth
        self.send(body)
    }

    private func send(_ body: HTTPBody) {
        self.ledger.bodyBytes = UInt64(body.count)
        guard self.ledger.admit(1) else { return self.fail(.journalFull) }
        #if SLUICE_TEST_HOOKS
        if self.request.blockForTest == ProviderRequest.crashForTest { abort() }
        #endif
        let now = self.services.loop.now
        self.machine.callStarted(at: now)
        self.body = body
        self.callProvider(body)
        self.armTimer(for: self.machine.firstCheck)
    }

    /// Makes the machine's attempt. One that follows another has a connection of its own: kept ones may be dead like the one before.
    private func callProvider(_ body: HTTPBody) {
        let number = self.machine.attempt.number
        if let simulated = self.route.simulated {
            self.machine.connected(at: self.services.loop.now)
            self.call = SimulatedCall.start(
                simulated.kind, simulated.endpoint, body: body.copied(), record: self.request.record,
                services: self.services, delegate: self)
        } else if let target = self.route.target(for: self.request) {
            self.call = self.services.client.start(
                target, body: body, uniqueHeader: self.request.record.clientRequestID(number),
                headers: self.route.headers(for: self.request), onNewConnection: number > 1, delegate: self)
        }
    }

    private func blockForTest() {
        #if SLUICE_TEST_HOOKS
        let seconds = self.request.blockForTest
        if seconds > 0, seconds != ProviderRequest.crashForTest { _ = Glibc.sleep(UInt32(seconds)) }
        #endif
    }

    /// Called from within libcurl.
    func requestGoesOut() {
        self.machine.connected(at: self.services.loop.now)
    }

    func headReceived(_ head: HTTPResponseHead) {
        self.perform(self.machine.headReceived(head, at: self.services.loop.now, to: self))
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        let order = unsafe self.machine.dataReceived(bytes, at: self.services.loop.now, to: self)
        self.perform(order)
        return order == .pause ? .pause : .proceed
    }

    func finished(_ error: HTTPClientError?) {
        self.call = nil
        self.machine.callEnded(error, at: self.services.loop.now, to: self)
        if self.machine.state != .asking { self.callIsOver() }
        self.perform(.proceed)
    }

    /// The body goes with the call; the reply may still wait for its client for long.
    private func callIsOver() {
        self.call = nil
        self.returnBodyBudget()
    }

    private func returnBodyBudget() {
        self.body = nil
        self.services.returnBodyBudget(self.bodyBudget)
        self.bodyBudget = 0
    }

    // MARK: Orders

    private func perform(_ order: ExchangeMachine.Order) {
        switch order {
        case .proceed: break
        // The answer to the piece that was just received says so.
        case .pause: self.waitForLink()
        case .resume: self.call?.resume()
        case .abort:
            self.call?.cancel()
            self.callIsOver()
        case .call: if let body = self.body { self.callProvider(body) }
        }
        if self.machine.isOver { self.retire() } else if order != .pause { self.armTimer(for: self.machine.deadline) }
    }

    private func waitForLink() {
        guard self.isCongested, !self.waitsForLink else { return }
        self.waitsForLink = true
        self.owner?.wait(self)
    }

    private func retire() {
        guard let owner = self.owner else { return }
        self.owner = nil
        // With END the edge may write over a body in the area: nothing reads it any more.
        self.call?.cancel()
        self.call = nil
        self.images?.cancel()
        self.images = nil
        if let timer = self.timer { self.services.loop.cancel(timer) }
        self.timer = nil
        self.returnBodyBudget()
        self.services.returnBodyBudget(self.replyBudget)
        self.replyBudget = 0
        owner.forget(self.stream)
        self.services.exchangeEnded()
    }

    /// The timer may be early, then it is set again when it fires: most deadlines only ever move back.
    private func armTimer(for deadline: UInt64) {
        guard deadline < self.timerDue else { return }
        self.timerDue = deadline
        let now = self.services.loop.now
        let delay = deadline > now ? deadline - now : 0
        if let timer = self.timer {
            self.services.loop.reschedule(timer, after: delay)
        } else {
            self.timer = self.services.loop.schedule(after: delay) { [unowned self] in
                self.timerDue = .max
                self.perform(self.machine.timePassed(at: self.services.loop.now, to: self))
            }
        }
    }

    // MARK: ExchangeOutput

    var isCongested: Bool { self.owner?.isCongested ?? false }

    var requestWasSent: Bool { self.call?.sentAny ?? false }

    func settle(_ outcome: AttemptOutcome) -> AttemptReport { self.ledger.settle(outcome) }

    func reserve(_ bytes: Int) -> Bool {
        guard self.services.takeBodyBudget(bytes) else { return false }
        self.replyBudget += bytes
        return true
    }

    func send(head: ResponseHead) {
        self.owner?.send(head: head, stream: self.stream)
    }

    func send(attempt: FurtherAttempt) {
        self.owner?.send(attempt: attempt, stream: self.stream)
    }

    func send(chunk: UnsafeRawBufferPointer) {
        unsafe self.owner?.send(chunk: chunk, stream: self.stream)
    }

    func send(end: StreamEnd) {
        self.owner?.send(end: end, stream: self.stream)
    }
}

extension RecordID {
    /// The header line by which a provider's log can be joined with ours: the record and the attempt, from 1 to 9.
    func clientRequestID(_ attempt: UInt8) -> [UInt8] {
        let prefix: StaticString = "x-client-request-id: "
        let count = prefix.utf8CodeUnitCount
        return unsafe [UInt8](unsafeUninitializedCapacity: count + 34) { buffer, size in
            for index in 0..<count { unsafe buffer[index] = prefix.utf8Start[index] }
            _ = unsafe self.write(into: UnsafeMutableBufferPointer(rebasing: buffer[count...]))
            unsafe buffer[count + 32] = UInt8(ascii: "-")
            unsafe buffer[count + 33] = UInt8(ascii: "0") &+ min(attempt, 9)
            size = count + 34
        }
    }
}
