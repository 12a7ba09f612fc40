internal import Dialects
internal import Domain
#if SLUICE_TEST_HOOKS
internal import Glibc
#endif
internal import HTTPClient
internal import IPC
internal import IPCEpoll
internal import Platform
internal import Resilience

/// One request stream of a link: feeds the `ExchangeMachine` with what comes from the edge, the providers and the clock, and
/// carries out what it orders.
///
/// Kept by its owner until it is over. Holds its snapshot's providers, its part of the body budget and one timer. Lives
/// on the worker's loop.
final class Exchange: EdgeStream, ExchangeOutput, GateWaiter {
    /// Bytes of the largest request body.
    static let maximumBody = 1 << 30

    private let services: UpstreamServices
    private let stream: UInt64
    private let request: ProviderRequest
    private let set: ProviderSet
    private var ledger: AttemptLedger
    /// nil once the link is lost or the exchange over.
    private var owner: (any ExchangeOwner)?
    private var collector: BodyCollector
    /// As the client has sent it, while a call may have to be made from it.
    private var original: HTTPBody?
    /// As it was sent last, while it may have to be sent there once more.
    private var prepared: (place: Int, body: HTTPBody)?
    private let machine: ExchangeMachine
    private var call: RunningCall?
    private var otherCall: RunningCall?
    private var timer: LoopTimer?
    /// What the timer is set for; `.max` while it is not.
    private var timerDue: UInt64 = .max
    /// Bytes taken for the request's bodies and not yet returned.
    private var bodyBudget: Int
    /// The same for its reply.
    private var replyBudget = 0
    /// Its link tells when it is no longer congested.
    private var waitsForLink = false
    private var hasResumptions = false
    /// The queue it waits in.
    private var waiting: (gate: ProviderGate, ticket: QueueTicket)?
    /// What it makes of its turn there; nil while it has none.
    private var givenTurn: GateTurn?

    /// Fails when the request cannot be begun.
    static func begin(
        _ request: ProviderRequest, stream: UInt64, for owner: any ExchangeOwner, _ services: UpstreamServices
    ) -> Result<Exchange, GatewayError> {
        guard !services.isDraining else { return .failure(ProviderFailure.draining.error) }
        guard let set = services.providers.providers(of: request.snapshot), !request.calls.isEmpty,
            request.calls.allSatisfy({ Int($0.target.provider) < set.pools.count })
        else { return .failure(ProviderFailure.unknownConfiguration.error) }
        guard let length = Int(exactly: request.bodyLength), length <= Exchange.maximumBody,
            services.takeBodyBudget(length)
        else { return .failure(ProviderFailure.outOfMemory.error) }
        return .success(Exchange(request, stream, owner, services, set, length))
    }

    private init(
        _ request: ProviderRequest, _ stream: UInt64, _ owner: any ExchangeOwner, _ services: UpstreamServices,
        _ set: ProviderSet, _ length: Int
    ) {
        self.request = request
        self.stream = stream
        self.owner = owner
        self.services = services
        self.set = set
        self.ledger = AttemptLedger(request, set, services)
        self.bodyBudget = length
        self.collector = BodyCollector(length: length)
        var timeLimit: UInt64 = 0
        for call in request.calls {
            timeLimit = max(timeLimit, set.pools[Int(call.target.provider)].totalTime)
        }
        self.machine = ExchangeMachine(
            isStream: request.isStream, places: services.places(of: request, in: set), count: request.calls.count,
            policy: set.policy(request.policy), timeLimit: timeLimit,
            random: request.record.low ^ services.loop.now)
        services.exchangeBegan()
    }

    private func pool(_ place: Int) -> ProviderPool { self.set.pools[Int(self.request.calls[place].target.provider)] }

    private func route(_ place: Int) -> ProviderRoute { self.pool(place).route(self.request.endpoint) }

    // MARK: From the edge

    func receive(body payload: UnsafeRawBufferPointer, isLast: Bool) throws(FrameError) {
        guard self.machine.state == .ready else { throw .unexpectedType(.body) }
        switch unsafe try self.collector.receive(payload, isLast: isLast) {
        case .more(let credit):
            if let credit { self.owner?.send(bodyCredit: credit, stream: self.stream) }
        case .complete:
            self.start(.bytes(self.collector.take()))
        case .short:
            self.fail(.damagedRequest)
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
        try self.machine.creditReceived(bytes, at: self.services.loop.now, to: self)
        if self.machine.isPaused { self.waitForLink() }
        self.goOn()
    }

    /// The answer to ATTEMPT.
    func receive(grant: Grant) throws(FrameError) {
        try self.machine.answered(grant.allowed, at: self.services.loop.now, to: self)
        self.goOn()
    }

    /// The link is no longer congested.
    func linkRelieved() {
        self.waitsForLink = false
        self.machine.linkRelieved(at: self.services.loop.now, to: self)
        if self.machine.isPaused { self.waitForLink() }
        self.goOn()
    }

    /// The client has gone.
    func cancel() {
        self.ledger.goesOn = false
        self.machine.cancelled(at: self.services.loop.now, to: self)
        self.goOn()
    }

    /// The whole edge has gone, or nothing can be said to it any more: the request is settled from this side.
    func linkLost() {
        self.ledger.isOrphaned = true
        self.cancel()
    }

    /// The call goes on, for others; nobody is left who would settle the request.
    func orphan() {
        self.ledger.isOrphaned = true
        self.ledger.goesOn = true
    }

    /// Ends the exchange from this side.
    func fail(_ failure: ProviderFailure) {
        self.machine.fail(failure, at: self.services.loop.now, to: self)
        self.goOn()
    }

    private func start(_ original: HTTPBody) {
        self.blockForTest()
        self.original = original
        self.machine.begin(at: self.services.loop.now, to: self)
        self.goOn()
    }

    private func blockForTest() {
        #if SLUICE_TEST_HOOKS
        let seconds = self.request.blockForTest
        if seconds > 0, seconds != ProviderRequest.crashForTest { _ = Glibc.sleep(UInt32(seconds)) }
        #endif
    }

    // MARK: Making a call

    func make(_ machine: CallMachine) {
        self.givenTurn = self.givenTurn.map { _ in .used }
        let call = RunningCall(machine, self)
        if self.call == nil { self.call = call } else { self.otherCall = call }
        let place = machine.order.place
        if let prepared = self.prepared, prepared.place == place { return self.send(prepared.body, call) }
        guard let original = self.original, let body = original.applying(self.request.calls[place].splices) else {
            return self.failed(call, .damagedRequest)
        }
        let route = self.route(place)
        guard !route.isExact else { return self.use(body, call) }
        do throws(GatewayError) {
            let context = machine.dialect.context ?? route.context(for: self.request, self.request.calls[place])
            switch try route.prepare(body, context, self.services.reader) {
            case .body(let body): self.use(body, call)
            case .needsImages(let pending): self.fetchImages(pending, call)
            case .countHere(let promptBytes):
                let tokens = self.ledger.promptTokens(bytes: promptBytes, place: place)
                self.machine.answer(machine, TokenCountReply.write(tokens), at: self.services.loop.now, to: self)
            }
        } catch {
            self.failed(call, .refused(error))
        }
    }

    private func failed(_ call: RunningCall, _ failure: ProviderFailure) {
        self.machine.failed(call.machine, failure, at: self.services.loop.now, to: self)
    }

    private func fetchImages(_ pending: PendingRequest, _ call: RunningCall) {
        // A request that was read takes about ten times its text while it waits.
        let parsed = Int(clamping: self.request.bodyLength) * 8
        guard self.services.takeBodyBudget(parsed) else { return self.failed(call, .outOfMemory) }
        self.bodyBudget += parsed
        let images = self.services.images.fetchImages(pending.urls) { [weak self, weak call] in
            if let call { self?.imagesFetched($0, pending, parsed, call) }
        }
        // It may have failed already.
        if call.machine.state == .preparing { call.images = images }
    }

    private func imagesFetched(
        _ result: Result<[FetchedImage], GatewayError>, _ pending: PendingRequest, _ parsed: Int, _ call: RunningCall
    ) {
        call.images = nil
        // Else everything was given back, or is when the exchange is over.
        guard call.machine.state == .preparing, self.bodyBudget >= parsed else { return }
        self.services.returnBodyBudget(parsed)
        self.bodyBudget -= parsed
        do throws(GatewayError) {
            self.use(.bytes(try pending.body(try result.get())), call)
        } catch {
            self.failed(call, .refused(error))
        }
        self.goOn()
    }

    /// The body for the call's place is there. It may be larger than the client's, and the client's is kept while it may be needed
    /// for another place.
    private func use(_ body: HTTPBody, _ call: RunningCall) {
        if self.request.calls.count == 1 { self.original = nil }
        let place = call.machine.order.place
        var needed = body.count
        let isSame = self.request.calls[place].splices.isEmpty && self.route(place).isExact
        if !isSame, case .bytes(let original) = self.original { needed += original.count }
        if let other = self.call, other !== call, let body = other.body { needed += body.count }
        if let other = self.otherCall, other !== call, let body = other.body { needed += body.count }
        let growth = max(0, needed - self.bodyBudget)
        guard self.services.takeBodyBudget(growth) else { return self.failed(call, .outOfMemory) }
        self.bodyBudget += growth
        self.prepared = (place, body)
        self.send(body, call)
    }

    private func send(_ body: HTTPBody, _ call: RunningCall) {
        let attempt = call.machine.order
        guard let admission = self.ledger.admit(attempt) else { return self.failed(call, .journalFull) }
        #if SLUICE_TEST_HOOKS
        if self.request.blockForTest == ProviderRequest.crashForTest { abort() }
        #endif
        call.admission = admission
        call.body = body
        call.bodyBytes = UInt64(body.count)
        let now = self.services.loop.now
        self.machine.callStarted(call.machine, at: now)
        let route = self.route(attempt.place)
        if let simulated = route.simulated {
            call.machine.connected(at: now)
            call.transfer = SimulatedCall.start(
                simulated.kind, simulated.endpoint, body: body.copied(), record: self.request.record,
                services: self.services, delegate: call)
        } else if let target = route.target(
            isStream: self.request.isStream, model: self.request.calls[attempt.place].target.model, key: attempt.key)
        {
            // One that follows another has a connection of its own: kept ones may be dead like the one before.
            call.transfer = self.services.client.start(
                target, body: body, uniqueHeader: self.request.record.clientRequestID(attempt.number),
                headers: route.headers(for: self.request), onNewConnection: call.machine.needsNewConnection,
                delegate: call)
        }
        self.armTimer(for: self.machine.firstCheck(of: call.machine))
    }

    // MARK: From the calls

    /// Called from within libcurl.
    func requestGoesOut(_ call: RunningCall) {
        call.machine.connected(at: self.services.loop.now)
    }

    func headReceived(_ call: RunningCall, _ head: HTTPResponseHead) {
        self.machine.headReceived(call.machine, head, at: self.services.loop.now, to: self)
        self.goOn()
    }

    func received(_ call: RunningCall, _ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        let now = self.services.loop.now
        let isMoreOfAnswer = self.machine.chosen != nil
        let flow = unsafe self.machine.dataReceived(call.machine, bytes, at: now, to: self)
        if flow == .pause { self.waitForLink() }
        // Most often more of an answer changes nothing but when its silence counts from, and that the timer finds out.
        guard
            !isMoreOfAnswer || flow == .pause || self.hasResumptions
                || self.timerDue > self.machine.soonestDeadline(ofAnswerAt: now)
        else { return .proceed }
        self.goOn()
        return flow == .pause ? .pause : .proceed
    }

    func finished(_ call: RunningCall, _ error: HTTPClientError?) {
        self.machine.callEnded(call.machine, error, at: self.services.loop.now, to: self)
        self.goOn()
    }

    // MARK: Going on

    /// To be called when the machine has been told something: it may want to be told the time, or be over.
    private func goOn() {
        if self.hasResumptions { self.resumeCalls() }
        if !self.machine.mayCallAgain, self.original != nil || self.prepared != nil {
            self.original = nil
            self.prepared = nil
        }
        if self.machine.isOver { return self.retire() }
        if !self.machine.mayCallAgain, self.call == nil, self.otherCall == nil { self.returnBodyBudget() }
        self.armTimer(for: self.machine.deadline)
    }

    private func resumeCalls() {
        self.hasResumptions = false
        for call in [self.call, self.otherCall] {
            guard let call, call.wantsResume else { continue }
            call.wantsResume = false
            call.transfer?.resume()
        }
    }

    private func returnBodyBudget() {
        self.services.returnBodyBudget(self.bodyBudget)
        self.bodyBudget = 0
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
        self.otherCall?.cancel()
        (self.call, self.otherCall) = (nil, nil)
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
                self.machine.timePassed(at: self.services.loop.now, to: self)
                self.goOn()
            }
        }
    }

    private func running(_ machine: CallMachine) -> RunningCall? {
        if self.call?.machine === machine { return self.call }
        return self.otherCall?.machine === machine ? self.otherCall : nil
    }

    // MARK: ExchangeOutput

    var isCongested: Bool { self.owner?.isCongested ?? false }

    var wallClock: UInt64 { Clocks.wallMilliseconds() }

    func terms(of place: Int) -> CallTerms {
        let pool = self.pool(place)
        let route = pool.route(self.request.endpoint)
        let dialect =
            switch route.passage {
            case .openAI: self.services.openAIReplies(route, self.request.endpoint)
            case .anthropic: self.services.anthropicReplies
            case .translated:
                ReplyDialect(
                    route.context(for: self.request, self.request.calls[place]), reader: self.services.reader)
            }
        return CallTerms(
            terms: ExchangeTerms(
                isStream: self.request.isStream, askedForUsage: self.request.askedForUsage,
                timeouts: pool.settings.timeouts),
            dialect: dialect)
    }

    func requestWasSent(_ call: CallMachine) -> Bool { self.running(call)?.transfer?.sentAny ?? false }

    func resume(_ call: CallMachine) {
        // Pieces may come from within that, while the machine is at work.
        self.running(call)?.wantsResume = true
        self.hasResumptions = true
    }

    func cancel(_ call: CallMachine) {
        guard let running = self.running(call) else { return }
        running.cancel()
        // One that went out is settled next.
        if call.state == .preparing { self.forget(running) }
    }

    private func forget(_ call: RunningCall?) {
        if self.call === call { self.call = nil }
        if self.otherCall === call { self.otherCall = nil }
    }

    func settle(_ call: CallMachine, _ outcome: AttemptOutcome) -> AttemptReport {
        let running = self.running(call)
        let report = self.ledger.settle(
            outcome, place: call.order.place, running?.admission, bodyBytes: running?.bodyBytes ?? 0)
        self.forget(running)
        return report
    }

    func enterQueue(of place: Int) {
        let gate = self.pool(place).gate
        if self.givenTurn != nil, let waiting = self.waiting, waiting.gate === gate {
            // It was not to be had after all.
            self.givenTurn = .kept
            return
        }
        let entering = gate.enter(
            self, project: self.request.project, weight: self.request.weight, on: self.services.loop)
        switch entering {
        case .waits(let ticket): self.waiting = (gate, ticket)
        case .refused(let retryAfter):
            self.machine.queueRefused(retryAfter: retryAfter, at: self.services.loop.now, to: self)
        }
    }

    func leaveQueue() {
        guard let (gate, ticket) = self.waiting.take() else { return }
        // While it has its turn its answer to that says so.
        if self.givenTurn == nil { gate.leave(ticket) }
    }

    // MARK: GateWaiter

    func turnCame() -> GateTurn {
        self.givenTurn = .gone
        let ticket = self.waiting?.ticket
        let gate = self.waiting?.gate
        self.machine.hasTurn(at: self.services.loop.now, to: self)
        let turn = self.givenTurn ?? .gone
        self.givenTurn = nil
        // It may wait for another provider by now.
        if turn != .kept, self.waiting?.gate === gate, self.waiting?.ticket == ticket { self.waiting = nil }
        self.goOn()
        return turn
    }

    func waitedInVain(retryAfter: UInt64) {
        self.waiting = nil
        self.machine.queueRefused(retryAfter: retryAfter, at: self.services.loop.now, to: self)
        self.goOn()
    }

    func reserve(_ bytes: Int) -> Bool {
        guard self.services.takeBodyBudget(bytes) else { return false }
        self.replyBudget += bytes
        return true
    }

    func send(head: ResponseHead) {
        self.owner?.send(head: head, stream: self.stream)
    }

    func send(attempt: FurtherAttempt) {
        self.givenTurn = self.givenTurn.map { _ in .used }
        self.owner?.send(attempt: attempt, stream: self.stream)
    }

    func send(chunk: UnsafeRawBufferPointer) {
        unsafe self.owner?.send(chunk: chunk, stream: self.stream)
    }

    func send(end: StreamEnd) {
        self.owner?.send(end: end, stream: self.stream)
    }
}
