internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC
internal import Resilience

/// One request's life from its first provider call to its END frame, without any I/O: which calls are made is the
/// `DispatchMachine`'s to say, how each goes its `CallMachine`'s; here is the client's side of them, up to two at the same time.
///
/// Takes the calls' events with the time they came at (monotonic nanoseconds); writes the reply's frames to an
/// `ExchangeOutput`, which also makes and ends the calls. It does not receive the request body (`BodyCollector`), translate it
/// (`ProviderRoute`), or keep time: `deadline` says when it wants to be told the time. What of a reply goes to the client is
/// `ReplyReception`'s to say. What a call used and cost it asks its output, once, as soon as the call is over.
///
/// Invariants: at most one head, then chunks, then exactly one end; nothing after the end; no chunk beyond the window; what goes out
/// is of one call only. Each call that started is settled exactly once, before the end goes out.
///
/// States: `ready` → `working` (calls run, or the next one is waited for: its time, its turn, or the edge's leave) → `flushing` (all
/// calls are over, data waits for credit) → `over`. A call whose answer has begun is `chosen`; nothing is tried after that. A
/// call that fails before it leaves what the client would be told of it, in case that no other answers.
final class ExchangeMachine {
    /// Nanoseconds of silence after which the client of a stream gets a comment; before any content the head goes out with it.
    static let silence: UInt64 = 15_000_000_000
    /// Nanoseconds in which a client must take some of what waits once the calls are over. Credit returns in half windows, so this
    /// must suit a slow client; the edge, which sees each byte, resets one that stands still long before.
    static let clientPatience: UInt64 = 300_000_000_000
    static let keepAlive = Array(": keep-alive\n\n".utf8)
    /// What a call is recorded as that was ended because another answered first.
    static let hedgeLost = "hedge_lost"

    let isStream: Bool
    private(set) var state = State.ready
    private(set) var sender = ReplySender()
    private(set) var dispatch: DispatchMachine
    private let places: any RequestPlaces
    /// Nanoseconds that the whole request may take.
    let timeLimit: UInt64
    private var random: DispatchRandom
    /// The call that runs or is being prepared, and a second one beside it.
    private(set) var call: CallMachine?
    private(set) var hedge: CallMachine?
    /// Whose answer goes to the client.
    private(set) var chosen: CallMachine?
    private var refusal: Refusal?
    /// What the edge was asked and has not answered; all that it needs was taken.
    private var question: DispatchOrder.Attempt?
    private var isQueued = false
    /// Where a kept connection was dead: there may be more of them.
    private var deadPlace: Int?
    private var ending: StreamEnd?
    /// When data last moved towards the client while `flushing`.
    private(set) var lastTakenAt: UInt64 = 0
    /// When the request was there: what the deadlines of the whole request count from.
    private(set) var startedAt: UInt64 = 0
    /// Of the calls that are over, in the order in which they were made.
    private var reports: [AttemptReport] = []
    private var finishReason = FinishReason.none

    /// `random` is the start of a sequence of its own.
    init(
        isStream: Bool, places: any RequestPlaces, count: Int, policy: RoutePolicy, timeLimit: UInt64, random: UInt64
    ) {
        self.isStream = isStream
        self.places = places
        self.timeLimit = timeLimit
        self.random = DispatchRandom(seed: random)
        self.dispatch = DispatchMachine(places: count, policy: policy, timeLimit: timeLimit)
    }

    var isOver: Bool { self.state == .over }
    /// Calls may still be made: the request's body is needed.
    var mayCallAgain: Bool { self.state == .ready || (self.state == .working && self.chosen == nil) }
    /// What was asked for and is not answered yet.
    var asked: DispatchOrder.Attempt? { self.question }
    var isPaused: Bool { self.call?.isPaused == true || self.hedge?.isPaused == true }

    // MARK: Time

    /// To be called at `deadline`; harmless at any other time.
    func timePassed(at now: UInt64, to output: some ExchangeOutput) {
        if self.state == .flushing, now >= self.deadline { return self.giveUp(.clientStalled, output) }
        guard self.state == .working else { return }
        if self.call == nil, now >= self.endsAt { return self.fail(.timeout(.total), at: now, to: output) }
        for call in [self.call, self.hedge] {
            guard self.state == .working, let call, let timeout = call.hasTimedOut(at: now) else { continue }
            if call.reception?.hasSaidAll == true {
                self.endReply(of: call, nil, at: now, to: output)
            } else {
                self.failed(call, .timeout(timeout), at: now, to: output)
            }
        }
        guard self.state == .working else { return }
        if self.chosen == nil, now >= self.dispatch.deadline {
            let order = self.dispatch.timePassed(at: now, random: self.random.next(), self.places)
            self.follow(order, at: now, to: output)
        }
        guard self.state == .working, now >= self.commentDue else { return }
        // From here on only a proper status is no longer possible.
        if !self.sender.headIsOut {
            self.comesFrom(self.call)
            let dialect = self.call?.dialect ?? self.refusal?.call.dialect ?? output.terms(of: 0).dialect
            let head = self.call?.reception?.head ?? HTTPResponseHead(status: 200)
            self.sender.send(dialect.head(head, isStream: true, length: nil), at: now, to: output)
        }
        self.sender.push(Self.keepAlive, at: now, to: output)
    }

    // MARK: Which calls are made

    /// The request is here.
    func begin(at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .ready else { return }
        self.state = .working
        self.startedAt = now
        let order = self.dispatch.begin(at: now, random: self.random.next(), self.places)
        self.follow(order, at: now, to: output)
    }

    private func follow(_ order: DispatchOrder, at now: UInt64, to output: some ExchangeOutput) {
        switch order {
        case .wait: break
        case .call(let attempt): self.start(attempt, at: now, to: output)
        case .ask(let attempt, let reason):
            self.question = attempt
            output.send(
                attempt: FurtherAttempt(
                    call: UInt8(clamping: attempt.place), number: attempt.number, reason: reason.asAsked))
        case .queue(let place):
            self.isQueued = true
            output.enterQueue(of: place)
        case .giveUp: self.giveUp(at: now, to: output)
        case .refuse(let refusal): self.end(.noPlace(refusal), at: now, to: output)
        }
    }

    private func start(_ attempt: DispatchOrder.Attempt, at now: UInt64, to output: some ExchangeOutput) {
        let terms = output.terms(of: attempt.place)
        let call = CallMachine(
            attempt, terms, at: now, endsAt: Self.sum(self.startedAt, terms.terms.total))
        call.needsNewConnection = attempt.place == self.deadPlace
        self.deadPlace = nil
        if self.call == nil { self.call = call } else { self.hedge = call }
        output.make(call)
    }

    /// The call's request goes to the provider now.
    func callStarted(_ call: CallMachine, at now: UInt64) {
        guard call.state == .preparing else { return }
        call.started(at: now)
        self.sender.attempts &+= 1
    }

    /// The call is not needed: the request is answered here, with JSON.
    func answer(_ call: CallMachine, _ body: [UInt8], at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .working, call.state == .preparing, self.chosen == nil else { return }
        let head = ReplyHeaders.head(HTTPResponseHead(status: 200), isStream: false, length: UInt64(body.count))
        self.endCalls(.cancelled, at: now, to: output)
        self.comesFrom(call)
        self.sender.send(head, isSettled: true, at: now, to: output)
        self.sender.push(body, at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    /// The edge has answered. Throws when nothing was asked.
    func answered(_ allowed: Bool, at now: UInt64, to output: some ExchangeOutput) throws(FrameError) {
        guard let asked = self.question.take() else { throw .unexpectedType(.grant) }
        // A deadline may have passed meanwhile.
        guard self.state == .working else { return }
        let order = self.dispatch.granted(allowed, at: now, self.places)
        if order != .call(asked) { self.places.ended(asked.number, tokens: 0, at: now) }
        self.follow(order, at: now, to: output)
    }

    /// It is this request's turn in the queue it waits in.
    func hasTurn(at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .working, self.isQueued else { return }
        self.isQueued = false
        self.follow(self.dispatch.turn(at: now, self.places), at: now, to: output)
    }

    /// There is no turn for it; nanoseconds after which another may have more luck.
    func queueRefused(retryAfter: UInt64, at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .working, self.isQueued else { return }
        self.isQueued = false
        self.follow(self.dispatch.queueRefused(retryAfter: retryAfter, at: now), at: now, to: output)
    }

    // MARK: The calls

    func headReceived(_ call: CallMachine, _ head: HTTPResponseHead, at now: UInt64, to output: some ExchangeOutput) {
        guard call.state == .waiting else { return }
        let refusal = call.headReceived(head, at: now)
        if !head.retryFields.isEmpty { self.noteLimits(of: call, head, output) }
        if let refusal { self.failed(call, refusal, at: now, to: output) }
    }

    /// Where the provider says that the key has nothing left, it rests before it is refused.
    private func noteLimits(of call: CallMachine, _ head: HTTPResponseHead, _ output: some ExchangeOutput) {
        var reader = RetryAdviceReader(wallClock: output.wallClock)
        let fields = head.retryFields
        reader.read(fields: fields.span)
        guard let hint = reader.hint, hint.isExhausted, let reset = hint.resetAfter else { return }
        self.places.keyRests(call.order.number, for: reset)
    }

    func dataReceived(
        _ call: CallMachine, _ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput
    ) -> Flow {
        guard bytes.count > 0 else { return .proceed }
        self.comesFrom(call)
        let failure = unsafe call.dataReceived(bytes, &self.sender, at: now, to: output)
        if self.chosen == nil { self.chooseIfBegun(call, at: now, to: output) }
        if let failure {
            self.failed(call, failure, at: now, to: output)
            return .proceed
        }
        if call.reception?.holdsTooMuch == true { self.endReply(of: call, nil, at: now, to: output) }
        guard self.sender.isBlocked || output.isCongested else { return .proceed }
        guard call.isRunning, call.reception?.isSentAsItComes == true else { return .proceed }
        call.paused()
        return .pause
    }

    /// The call is over, whole where `error` is nil.
    func callEnded(_ call: CallMachine, _ error: HTTPClientError?, at now: UInt64, to output: some ExchangeOutput) {
        switch call.state {
        case .preparing, .over: break
        case .waiting:
            // Without an error there was a head.
            let error = error ?? HTTPClientError(kind: .protocolViolation, sentAny: true)
            self.failed(call, .transport(error), at: now, to: output)
        case .receiving:
            self.endReply(of: call, error, at: now, to: output)
        }
    }

    private func endReply(
        of call: CallMachine, _ error: HTTPClientError?, at now: UInt64, to output: some ExchangeOutput
    ) {
        self.comesFrom(call)
        guard let ending = call.reception?.end(error, &self.sender, at: now, to: output) else { return }
        if self.chosen == nil { self.chooseIfBegun(call, at: now, to: output) }
        switch ending {
        case .failed(let failure): self.failed(call, failure, at: now, to: output)
        case .whole(let evidence):
            let isError = evidence.status >= 400 || (evidence.saysError && !call.hasBegunAnswer)
            output.cancel(call)
            let outcome = call.ended(nil, evidence, at: now)
            let report = self.settle(call, outcome, to: output)
            self.finishReason = evidence.finish
            self.remove(call)
            guard !isError || self.chosen != nil else {
                let status = call.reception?.errorStatus ?? evidence.status
                var failure = CallFailure(
                    .status(status), advice: call.advice(at: output.wallClock), billed: report.billed)
                failure.blamesRequest = status == 403 && call.dialect.moderates
                return self.leave(call, .reply(report), failure, report, isOwn: false, at: now, to: output)
            }
            self.choose(call, at: now, to: output)
            self.places.ended(call.order.number, tokens: report.tokens, at: now)
            call.reception?.conclude(report, &self.sender, at: now, to: output)
            self.end(nil, at: now, to: output)
        }
    }

    /// The call cannot be made, or nothing of its reply can be passed on any further.
    func failed(_ call: CallMachine, _ failure: ProviderFailure, at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .working, call.state != .over else { return }
        let metDeadConnection = call.metDeadConnection(failure, at: now)
        var evidence = call.evidence(wasSent: call.isRunning && (failure.wasSent ?? output.requestWasSent(call)))
        if failure.isWithoutContent, !evidence.isStream { evidence.hasContent = false }
        if case .reported = failure { evidence.saysError = true }
        // Before it went out nothing is the provider's doing.
        let kind = call.state == .preparing ? .own : failure.kind(status: evidence.status)
        let report = self.finish(call, failure.code, evidence, at: now, to: output)
        self.remove(call)
        var said = CallFailure(
            kind, hadContent: self.chosen === call, advice: call.advice(at: output.wallClock),
            billed: report?.billed ?? .no)
        said.metDeadConnection = metDeadConnection
        said.blamesRequest = kind == .status(403) && call.dialect.moderates
        guard self.chosen === call else {
            return self.leave(call, .failure(failure), said, report, isOwn: kind == .own, at: now, to: output)
        }
        self.places.failed(call.order.number, said)
        self.places.ended(call.order.number, tokens: report?.tokens, at: now)
        self.tell(failure, of: call, at: now, to: output)
    }

    /// A call is over without an answer: something else is tried, or that was all.
    private func leave(
        _ call: CallMachine, _ told: Refusal.Told, _ failure: CallFailure, _ report: AttemptReport?, isOwn: Bool,
        at now: UInt64, to output: some ExchangeOutput
    ) {
        self.places.failed(call.order.number, failure)
        self.places.ended(call.order.number, tokens: report.map(\.tokens) ?? 0, at: now)
        if failure.metDeadConnection { self.deadPlace = call.order.place }
        // What a provider said says more than what the gateway could not do afterwards.
        if self.refusal == nil || !isOwn || self.refusal?.isOwn == true {
            self.refusal = Refusal(call: call, told: told, isOwn: isOwn)
        }
        let order = self.dispatch.failed(
            call.order.number, failure, at: now, random: self.random.next(), self.places)
        self.follow(order, at: now, to: output)
    }

    /// Nothing more is tried.
    private func giveUp(at now: UInt64, to output: some ExchangeOutput) {
        guard let refusal = self.refusal.take() else { return self.end(.endedWithoutContent, at: now, to: output) }
        self.comesFrom(refusal.call)
        switch refusal.told {
        case .failure(let failure): self.tell(failure, of: refusal.call, at: now, to: output)
        case .reply(let report):
            if self.sender.headIsOut, let told = refusal.call.reception?.toldError {
                return self.tell(told, of: refusal.call, at: now, to: output)
            }
            refusal.call.reception?.conclude(report, &self.sender, at: now, to: output)
            self.end(nil, at: now, to: output)
        }
    }

    private func chooseIfBegun(_ call: CallMachine, at now: UInt64, to output: some ExchangeOutput) {
        if call.hasBegunAnswer { self.choose(call, at: now, to: output) }
    }

    /// The answer is that of this call: the other one, if there is one, is ended.
    private func choose(_ call: CallMachine, at now: UInt64, to output: some ExchangeOutput) {
        guard self.chosen == nil else { return }
        self.chosen = call
        self.refusal = nil
        self.places.answered(call.order.number, firstContent: call.progress.firstContent ?? 0)
        _ = self.dispatch.hasContent(call.order.number, at: now)
        for other in [self.call, self.hedge] {
            guard let other, other !== call else { continue }
            self.places.outrun(other.order.number, after: other.age(at: now))
            self.withdraw(other, Self.hedgeLost, isMissed: false, at: now, to: output)
        }
        self.call = call
        self.hedge = nil
    }

    private func comesFrom(_ call: CallMachine?) {
        if let call { self.sender.place = UInt8(clamping: call.order.place) }
    }

    private func remove(_ call: CallMachine) {
        if self.hedge === call { self.hedge = nil }
        guard self.call === call else { return }
        self.call = self.hedge
        self.hedge = nil
    }

    /// Ends a call from this side, for a reason that is not its own.
    private func withdraw(
        _ call: CallMachine, _ code: String, isMissed: Bool, at now: UInt64, to output: some ExchangeOutput
    ) {
        var evidence = call.evidence(wasSent: call.isRunning && output.requestWasSent(call))
        evidence.clientIsGone = !isMissed
        let report = self.finish(call, code, evidence, at: now, to: output)
        self.places.ended(call.order.number, tokens: report.map(\.tokens) ?? 0, at: now)
    }

    /// Ends a call and settles it, where it has started.
    private func finish(
        _ call: CallMachine, _ code: String, _ evidence: AttemptEvidence, at now: UInt64, to output: some ExchangeOutput
    ) -> AttemptReport? {
        output.cancel(call)
        guard call.isRunning else {
            _ = call.ended(code, evidence, at: now)
            return nil
        }
        if code != Self.hedgeLost { self.finishReason = evidence.finish }
        return self.settle(call, call.ended(code, evidence, at: now), to: output)
    }

    /// The call is over, and comes into the books.
    private func settle(
        _ call: CallMachine, _ outcome: AttemptOutcome, to output: some ExchangeOutput
    ) -> AttemptReport {
        let report = output.settle(call, outcome)
        self.sender.settled(report)
        let place = self.reports.lastIndex { $0.number < report.number }.map { $0 + 1 } ?? 0
        self.reports.insert(report, at: place)
        return report
    }

    // MARK: The client

    /// The client has been written `bytes` of the reply. Throws when they were never sent.
    func creditReceived(_ bytes: UInt32, at now: UInt64, to output: some ExchangeOutput) throws(FrameError) {
        guard self.state != .over else { return }
        try self.sender.credit(bytes, at: now, to: output)
        self.lastTakenAt = now
        guard !self.sender.isBlocked else { return }
        if self.state == .flushing, let ending = self.ending { return self.finish(ending, to: output) }
        self.goOn(at: now, output)
    }

    /// The link is no longer congested.
    func linkRelieved(at now: UInt64, to output: some ExchangeOutput) {
        guard !self.sender.isBlocked else { return }
        self.goOn(at: now, output)
    }

    private func goOn(at now: UInt64, _ output: some ExchangeOutput) {
        guard self.isPaused, !output.isCongested else { return }
        for call in [self.call, self.hedge] {
            guard let call, call.isPaused else { continue }
            call.resumed(at: now)
            output.resume(call)
        }
    }

    /// Nobody waits for the reply any more: of it nothing more is sent.
    func cancelled(at now: UInt64, to output: some ExchangeOutput) {
        switch self.state {
        case .over: break
        case .flushing: self.giveUp(.cancelled, output)
        case .ready, .working:
            self.endCalls(.cancelled, at: now, to: output)
            self.sender.drop()
            self.end(.cancelled, at: now, to: output)
        }
    }

    /// Ends the exchange with a failure that is not a call's, whatever it is doing. Data that waits for credit still goes first.
    func fail(_ failure: ProviderFailure, at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .ready || self.state == .working else { return }
        let call = self.chosen ?? self.call
        self.endCalls(failure, at: now, to: output)
        self.tell(failure, of: call, at: now, to: output)
    }

    /// Ends all calls from this side, for a reason that is not theirs.
    private func endCalls(_ failure: ProviderFailure, at now: UInt64, to output: some ExchangeOutput) {
        for call in [self.call, self.hedge] {
            guard let call else { continue }
            self.withdraw(call, failure.code, isMissed: failure != .cancelled, at: now, to: output)
        }
        (self.call, self.hedge) = (nil, nil)
    }

    // MARK: The end

    /// The client is told of `failure`: with a proper status where it has got nothing yet.
    private func tell(
        _ failure: ProviderFailure, of call: CallMachine?, at now: UInt64, to output: some ExchangeOutput
    ) {
        // A reply that stops inside an event: what the gateway adds is to be an event of its own.
        if self.sender.headIsOut, let call, self.chosen === call, call.reception?.isInsideEvent == true {
            self.sender.push([0x0A, 0x0A], at: now, to: output)
        }
        guard case .reported(let error) = failure, !self.sender.headIsOut, let call else {
            return self.end(failure, at: now, to: output)
        }
        let body = call.dialect.body(of: error)
        let head = call.dialect.head(call.reception?.head, of: error.error, length: body.count)
        self.sender.send(head, isSettled: true, at: now, to: output)
        self.sender.push(body, at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    /// Nothing more comes from any provider: the end goes out behind the data that waits.
    private func end(_ failure: ProviderFailure?, at now: UInt64, to output: some ExchangeOutput) {
        (self.call, self.hedge, self.chosen, self.refusal) = (nil, nil, nil, nil)
        // The edge's answer still comes.
        if let asked = self.question { self.places.ended(asked.number, tokens: 0, at: now) }
        if self.isQueued { output.leaveQueue() }
        self.isQueued = false
        let ending = StreamEnd(
            failure: failure?.error, usage: self.usage, finish: self.finishReason, attempts: self.reports,
            trail: self.dispatch.trail)
        guard self.sender.isBlocked else { return self.finish(ending, to: output) }
        self.state = .flushing
        self.ending = ending
        self.lastTakenAt = now
    }

    private var usage: TokenUsage? {
        let usages = self.reports.compactMap(\.usage)
        return usages.isEmpty ? nil : usages.reduce(TokenUsage(), +)
    }

    /// The client takes nothing any more: what waits is dropped, and the end says that the reply is not whole. How the
    /// provider did stays as it was.
    private func giveUp(_ failure: ProviderFailure, _ output: some ExchangeOutput) {
        guard var ending = self.ending else { return }
        if ending.failure == nil { ending.failure = failure.error }
        self.sender.drop()
        self.finish(ending, to: output)
    }

    private func finish(_ ending: StreamEnd, to output: some ExchangeOutput) {
        self.state = .over
        self.ending = nil
        output.send(end: ending)
    }
}
