internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC

/// One request's life from its provider call to its END frame, without any I/O: when a call is made, when it has failed, what
/// the client is told.
///
/// Takes the call's events with the time they came at (monotonic nanoseconds); writes the reply's frames to an
/// `ExchangeOutput` and answers what is to be done with the call. It does not receive the request body
/// (`BodyCollector`), translate it (`ProviderRoute`), make the call, or keep time: `deadline` says when it wants to be told the
/// time. What of a reply goes to the client is `ReplyReception`'s to say. What an attempt used and cost it asks its output,
/// once, as soon as the attempt is over.
///
/// Invariants: at most one head, then chunks, then exactly one end; nothing after the end; no chunk beyond the window. Each
/// attempt is settled exactly once, before the end goes out.
///
/// States: `ready` → (`preparing`: what the request needs from elsewhere is fetched) → `waiting` (called) → `receiving` (by
/// the reply's head, in one of the forms of `ReplyReception`) → `flushing` (the call is over, data waits for credit) → `over`.
/// Where a further attempt is wanted, `waiting` → `asking` → `waiting`, or the end: each attempt but the first is asked for with
/// ATTEMPT and made when GRANT allows it, while the request's deadlines go on.
final class ExchangeMachine {
    /// Nanoseconds of silence after which the client of a stream gets a comment; before any content the head goes out with it.
    static let silence: UInt64 = 15_000_000_000
    /// Nanoseconds that a provider gets to end its call after it has said all it had to say, where the client waits for the end.
    static let farewell: UInt64 = 100_000_000
    /// Nanoseconds in which a client must take some of what waits once the call is over. Credit returns in half windows, so this
    /// must suit a slow client; the edge, which sees each byte, resets one that stands still long before.
    static let clientPatience: UInt64 = 300_000_000_000
    /// Calls that are made for one request, where the connections they went out on die.
    static let maximumAttempts: UInt8 = 3
    /// Nanoseconds after it went out in which a request may be wanted to go out again. A kept connection that the server had closed shows
    /// that within a round trip; later the provider has most likely begun to work, and would be paid twice.
    static let resendSpan: UInt64 = 3_000_000_000
    static let keepAlive = Array(": keep-alive\n\n".utf8)

    let terms: ExchangeTerms
    let dialect: ReplyDialect
    private(set) var state = State.ready
    private(set) var sender = ReplySender()
    /// The running call's reply, from its head on; also the last call's, until the exchange is over.
    private(set) var reception: ReplyReception?
    private var ending: StreamEnd?
    /// When data last moved towards the client while `flushing`.
    private(set) var lastTakenAt: UInt64 = 0
    private(set) var isPaused = false
    /// When the request was there: what all deadlines count from.
    private(set) var startedAt: UInt64 = 0
    private(set) var lastPieceAt: UInt64 = 0
    private(set) var attempt = AttemptProgress()
    /// Of the attempts that are over.
    private var reports: [AttemptReport] = []
    private var finishReason = FinishReason.none
    /// What was asked for and has not been answered, and how the exchange ends when it is refused.
    private var question: (attempt: FurtherAttempt, failure: ProviderFailure)?

    init(terms: ExchangeTerms, dialect: ReplyDialect) {
        self.terms = terms
        self.dialect = dialect
    }

    var isOver: Bool { self.state == .over }

    // MARK: Time

    /// To be called at `deadline`; harmless at any other time.
    func timePassed(at now: UInt64, to output: some ExchangeOutput) -> Order {
        if self.state == .flushing, now >= self.deadline { self.giveUp(.clientStalled, output) }
        guard self.isWorking else { return .proceed }
        let timeout = self.soonestTimeout
        guard now < timeout.time else {
            // The provider has said all it had to say and only keeps the connection open.
            if self.reception?.sawDone == true {
                self.endReply(nil, at: now, to: output)
                return .abort
            }
            return self.fail(.timeout(timeout.deadline), at: now, to: output)
        }
        guard now >= self.commentDue else { return .proceed }
        // From here on only a proper status is no longer possible.
        if !self.sender.headIsOut {
            let head = self.reception?.head ?? HTTPResponseHead(status: 200)
            self.sender.send(self.dialect.head(head, isStream: true, length: nil), at: now, to: output)
        }
        self.sender.push(Self.keepAlive, at: now, to: output)
        return .proceed
    }

    // MARK: The call

    /// The request is here, but not all that it needs.
    func preparing(at now: UInt64) {
        guard self.state == .ready else { return }
        self.state = .preparing
        self.startedAt = now
    }

    /// The request goes to the provider now.
    func callStarted(at now: UInt64) {
        guard self.state == .ready || self.state == .preparing else { return }
        if self.state == .ready { self.startedAt = now }
        self.state = .waiting
        self.attempt.begin(1, at: now)
    }

    /// The request is answered here, with JSON: no call is made.
    func answer(_ body: [UInt8], at now: UInt64, to output: some ExchangeOutput) {
        guard self.state == .ready else { return }
        let head = ReplyHeaders.head(HTTPResponseHead(status: 200), isStream: false, length: UInt64(body.count))
        self.sender.send(head, at: now, to: output)
        self.sender.push(body, at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    /// A connection stands, and the request goes out on it.
    func connected(at now: UInt64) {
        self.attempt.connected(at: now)
    }

    /// Whether the request may be wanted to go out once more, after the kept connection it went out on was found dead.
    private func mayGoOutAgain(at now: UInt64) -> Bool {
        self.state == .waiting && self.attempt.number < Self.maximumAttempts
            && now < Self.sum(self.attempt.connectedAt, Self.resendSpan)
    }

    func headReceived(_ head: HTTPResponseHead, at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard self.state == .waiting else { return .proceed }
        let reception = ReplyReception(head, self.terms, self.dialect)
        self.reception = reception
        self.state = .receiving
        self.lastPieceAt = now
        guard let refusal = reception.refusal else { return .proceed }
        return self.fail(refusal, at: now, to: output)
    }

    func dataReceived(
        _ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput
    ) -> Order {
        guard bytes.count > 0 else { return .proceed }
        self.lastPieceAt = now
        self.attempt.received(bytes.count)
        guard self.state == .receiving else { return .proceed }
        let failure = unsafe self.reception?.receive(bytes, &self.sender, at: now, to: output) ?? nil
        if self.reception?.hasContent == true { self.attempt.hasContent(at: now) }
        if let failure { return self.fail(failure, at: now, to: output) }
        guard self.sender.isBlocked || output.isCongested else { return .proceed }
        guard self.reception?.isSentAsItComes == true else { return .proceed }
        self.isPaused = true
        return .pause
    }

    /// The call is over, whole where `error` is nil.
    func callEnded(_ error: HTTPClientError?, at now: UInt64, to output: some ExchangeOutput) {
        switch self.state {
        case .ready, .preparing, .asking, .flushing, .over: break
        case .waiting:
            // Without an error there was a head.
            let error = error ?? HTTPClientError(kind: .protocolViolation, sentAny: true)
            if error.metDeadConnection, self.mayGoOutAgain(at: now) {
                return self.ask(.resend, instead: .transport(error), at: now, to: output)
            }
            _ = self.fail(.transport(error), at: now, to: output)
        case .receiving:
            self.endReply(error, at: now, to: output)
        }
    }

    private func endReply(_ error: HTTPClientError?, at now: UInt64, to output: some ExchangeOutput) {
        guard let ending = self.reception?.end(error, &self.sender, at: now, to: output) else { return }
        switch ending {
        case .failed(let failure): _ = self.fail(failure, at: now, to: output)
        case .whole(let evidence):
            if let report = self.settle(nil, evidence, at: now, to: output) {
                self.reception?.conclude(report, &self.sender, at: now, to: output)
            }
            self.end(nil, at: now, to: output)
        }
    }

    // MARK: Further attempts

    /// The running attempt is over with `failure`; a further one is asked for. What came of the one before nobody knows.
    private func ask(
        _ reason: FurtherAttempt.Reason, instead failure: ProviderFailure, at now: UInt64,
        to output: some ExchangeOutput
    ) {
        _ = self.settle(
            failure.code, self.evidence(wasSent: failure.wasSent ?? output.requestWasSent), at: now, to: output)
        let attempt = FurtherAttempt(call: 0, number: self.attempt.number &+ 1, reason: reason)
        self.state = .asking
        self.question = (attempt, failure)
        output.send(attempt: attempt)
    }

    /// What was asked for and is not answered yet.
    var asked: FurtherAttempt? { self.question?.attempt }

    /// The edge has answered. Throws when nothing was asked.
    func answered(_ allowed: Bool, at now: UInt64, to output: some ExchangeOutput) throws(FrameError) -> Order {
        guard let question = self.question.take() else { throw .unexpectedType(.grant) }
        // A deadline may have passed meanwhile.
        guard self.state == .asking else { return .proceed }
        guard allowed else { return self.fail(question.failure, at: now, to: output) }
        self.state = .waiting
        self.attempt.begin(question.attempt.number, at: now)
        return .call
    }

    // MARK: The client

    /// The client has been written `bytes` of the reply. Throws when they were never sent.
    func creditReceived(_ bytes: UInt32, at now: UInt64, to output: some ExchangeOutput) throws(FrameError)
        -> Order
    {
        guard self.state != .over else { return .proceed }
        try self.sender.credit(bytes, at: now, to: output)
        self.lastTakenAt = now
        guard !self.sender.isBlocked else { return .proceed }
        if self.state == .flushing, let ending = self.ending {
            self.finish(ending, to: output)
            return .proceed
        }
        return self.goOn(at: now, output)
    }

    /// The link is no longer congested.
    func linkRelieved(at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard !self.sender.isBlocked else { return .proceed }
        return self.goOn(at: now, output)
    }

    private func goOn(at now: UInt64, _ output: some ExchangeOutput) -> Order {
        guard self.isPaused, self.callIsRunning else { return .proceed }
        guard !output.isCongested else { return .pause }
        self.isPaused = false
        self.lastPieceAt = now
        return .resume
    }

    /// Nobody waits for the reply any more: of it nothing more is sent.
    func cancelled(at now: UInt64, to output: some ExchangeOutput) -> Order {
        switch self.state {
        case .over: return .proceed
        case .flushing:
            self.giveUp(.cancelled, output)
            return .proceed
        case .ready, .preparing, .waiting, .asking, .receiving:
            let order = self.callIsRunning ? Order.abort : .proceed
            var evidence = self.evidence(wasSent: output.requestWasSent)
            evidence.clientIsGone = true
            _ = self.settle(ProviderFailure.cancelled.code, evidence, at: now, to: output)
            self.sender.drop()
            self.end(.cancelled, at: now, to: output)
            return order
        }
    }

    /// Ends the exchange with a failure, whatever it is doing. Data that waits for credit still goes first.
    func fail(_ failure: ProviderFailure, at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard self.state != .over, self.state != .flushing else { return .proceed }
        let order = self.callIsRunning ? Order.abort : .proceed
        // A reply that stops inside an event: what the gateway adds is to be an event of its own.
        if self.sender.headIsOut, self.reception?.isInsideEvent == true {
            self.sender.push([0x0A, 0x0A], at: now, to: output)
        }
        var evidence = self.evidence(wasSent: failure.wasSent ?? output.requestWasSent)
        if failure.isWithoutContent, !evidence.isStream { evidence.hasContent = false }
        if case .reported = failure { evidence.saysError = true }
        _ = self.settle(failure.code, evidence, at: now, to: output)
        if case .reported(let error) = failure, !self.sender.headIsOut {
            self.tell(error, at: now, to: output)
        } else {
            self.end(failure, at: now, to: output)
        }
        return order
    }

    /// The client has got nothing yet: the provider's error becomes its reply.
    private func tell(_ error: ProviderError, at now: UInt64, to output: some ExchangeOutput) {
        let body = self.dialect.body(of: error)
        self.sender.send(
            self.dialect.head(self.reception?.head, of: error.error, length: body.count), at: now, to: output)
        self.sender.push(body, at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    // MARK: Attempts

    /// What is known of the running attempt before its reply is whole.
    private func evidence(wasSent: Bool) -> AttemptEvidence {
        self.reception?.evidence(wasSent: wasSent) ?? AttemptEvidence(wasSent: wasSent)
    }

    /// The attempt is over, by `code` or, where that is nil, with a whole reply.
    private func settle(
        _ code: String?, _ evidence: AttemptEvidence, at now: UInt64, to output: some ExchangeOutput
    ) -> AttemptReport? {
        guard self.callIsRunning else { return nil }
        self.finishReason = evidence.finish
        let report = output.settle(self.attempt.outcome(evidence, code: code, at: now))
        self.reports.append(report)
        return report
    }

    // MARK: The end

    /// Nothing more comes from the provider: the end goes out behind the data that waits.
    private func end(_ failure: ProviderFailure?, at now: UInt64, to output: some ExchangeOutput) {
        self.reception = nil
        let usages = self.reports.compactMap(\.usage)
        let ending = StreamEnd(
            failure: failure?.error, usage: usages.isEmpty ? nil : usages.reduce(TokenUsage(), +),
            finish: self.finishReason, attempts: self.reports)
        guard self.sender.isBlocked else { return self.finish(ending, to: output) }
        self.state = .flushing
        self.ending = ending
        self.lastTakenAt = now
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
