internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC

/// One request's life from its provider call to its END frame, without any I/O: when the head goes out, what of the reply
/// passes, when it has failed and what the client is told.
///
/// Takes the call's events with the time they came at (monotonic nanoseconds); writes the reply's frames to an
/// `ExchangeOutput` and answers what is to be done with the call. It does not receive the request body
/// (`BodyCollector`), make the call, or keep time: `deadline` says when it wants to be told the time. What an attempt used
/// and cost it asks its output, once, as soon as the attempt is over.
///
/// Invariants: at most one head, then chunks, then exactly one end; nothing after the end; no chunk beyond the window. Each
/// attempt is settled exactly once, before the end goes out.
///
/// States: `ready` → `waiting` (called) → by the reply's head one of `undecided`, `unary`, `failing`, `streaming` → `passing`
/// (a unary reply too large to be held) → `flushing` (the call is over, data waits for credit) → `over`. Where a further
/// attempt is wanted, `waiting` → `asking` → `waiting`, or the end: each attempt but the first is asked for with ATTEMPT and made
/// when GRANT allows it, while the request's deadlines go on.
struct ExchangeMachine {
    /// Bytes of a unary reply that are held.
    static let heldReply = 256 << 10
    /// Bytes of an error's body that are held; a longer one is dropped.
    static let heldError = 64 << 10
    /// Nanoseconds after which a stream's head goes out without content.
    static let headHold: UInt64 = 15_000_000_000
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
    private let reader: OpenAIReplyReader
    private(set) var state = State.ready
    private var flow = ReplyFlow()
    private var filter: OpenAIStreamFilter?
    private var reply: HTTPResponseHead?
    private(set) var headIsOut = false
    private var held: [UInt8] = []
    private var passed = PassedReply(watchesBrackets: false)
    private var ending: StreamEnd?
    /// When data last moved towards the client while `flushing`.
    private(set) var lastTakenAt: UInt64 = 0
    private(set) var isPaused = false
    /// When the first attempt began: what all deadlines count from.
    private(set) var startedAt: UInt64 = 0
    private(set) var lastPieceAt: UInt64 = 0
    private(set) var attempt = AttemptProgress()
    /// Of the attempts that are over.
    private var reports: [AttemptReport] = []
    private var finishReason = FinishReason.none
    /// What was asked for and has not been answered, and how the exchange ends when it is refused.
    private var question: (attempt: FurtherAttempt, failure: ProviderFailure)?

    /// `reader` is shared by the exchanges of a loop and keeps nothing between two calls.
    init(terms: ExchangeTerms, reader: OpenAIReplyReader) {
        self.terms = terms
        self.reader = reader
    }

    var isOver: Bool { self.state == .over }

    // MARK: Time

    /// To be called at `deadline`; harmless at any other time.
    mutating func timePassed(at now: UInt64, to output: some ExchangeOutput) -> Order {
        if self.state == .flushing, now >= self.deadline { self.giveUp(.clientStalled, output) }
        guard self.isWorking else { return .proceed }
        let timeout = self.soonestTimeout
        guard now < timeout.time else {
            // The provider has said all it had to say and only keeps the connection open.
            if self.state == .streaming, self.filter?.sawDone == true {
                self.endStream(nil, at: now, to: output)
                return .abort
            }
            return self.fail(.timeout(timeout.deadline), at: now, to: output)
        }
        guard self.holdsHead, now >= Self.sum(self.startedAt, Self.headHold) else { return .proceed }
        // From here on only a proper status is no longer possible.
        let head = self.reply ?? HTTPResponseHead(status: 200)
        self.send(ReplyHeaders.head(head, isStream: true, length: nil), to: output)
        unsafe Self.keepAlive.withUnsafeBytes { unsafe self.flow.push($0, to: output) }
        return .proceed
    }

    // MARK: The call

    /// The request goes to the provider now.
    mutating func callStarted(at now: UInt64) {
        guard self.state == .ready else { return }
        self.state = .waiting
        self.startedAt = now
        self.attempt.begin(1, at: now)
    }

    /// A connection stands, and the request goes out on it.
    mutating func connected(at now: UInt64) {
        self.attempt.connected(at: now)
    }

    /// Whether the request may be wanted to go out once more, after the kept connection it went out on was found dead.
    private func mayGoOutAgain(at now: UInt64) -> Bool {
        self.state == .waiting && self.attempt.number < Self.maximumAttempts
            && now < Self.sum(self.attempt.connectedAt, Self.resendSpan)
    }

    mutating func headReceived(_ head: HTTPResponseHead, at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard self.state == .waiting else { return .proceed }
        self.reply = head
        self.lastPieceAt = now
        switch head.status {
        case 401, 403:
            return self.fail(.authentication, at: now, to: output)
        case 200..<300 where ReplyHeaders.isEventStream(head.contentType):
            self.becomeStream()
        case 200..<300:
            self.state = self.terms.isStream ? .undecided : .unary
        case 400..<600:
            self.state = .failing
        default:
            return self.fail(.unexpectedStatus(head.status), at: now, to: output)
        }
        return .proceed
    }

    mutating func dataReceived(
        _ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput
    ) -> Order {
        guard bytes.count > 0 else { return .proceed }
        self.lastPieceAt = now
        self.attempt.received(bytes.count)
        switch self.state {
        case .ready, .waiting, .asking, .flushing, .over:
            return .proceed
        case .undecided:
            return unsafe self.decide(bytes, at: now, to: output)
        case .unary:
            return unsafe self.hold(bytes, at: now, to: output)
        case .passing:
            unsafe self.passed.feed(bytes)
            unsafe self.flow.push(bytes, to: output)
            return self.orderAfterPush(output)
        case .failing:
            guard self.held.count + bytes.count <= Self.heldError else {
                return self.fail(self.statusFailure, at: now, to: output)
            }
            unsafe self.held.append(contentsOf: bytes)
            return .proceed
        case .streaming:
            return unsafe self.filter(bytes, at: now, to: output)
        }
    }

    /// The call is over, whole where `error` is nil.
    mutating func callEnded(_ error: HTTPClientError?, at now: UInt64, to output: some ExchangeOutput) {
        switch self.state {
        case .ready, .asking, .flushing, .over: break
        case .waiting:
            // Without an error there was a head.
            let error = error ?? HTTPClientError(kind: .protocolViolation, sentAny: true)
            if error.metDeadConnection, self.mayGoOutAgain(at: now) {
                return self.ask(.resend, instead: .transport(error), at: now, to: output)
            }
            _ = self.fail(.transport(error), at: now, to: output)
        case .streaming:
            self.endStream(error, at: now, to: output)
        case .undecided, .unary, .failing, .passing:
            if let error {
                _ = self.fail(.transport(error), at: now, to: output)
            } else if self.state == .passing {
                self.endPassed(at: now, to: output)
            } else if self.state == .failing {
                self.endError(at: now, to: output)
            } else {
                self.endUnary(at: now, to: output)
            }
        }
    }

    // MARK: Further attempts

    /// The running attempt is over with `failure`; a further one is asked for. What came of the one before nobody knows.
    private mutating func ask(
        _ reason: FurtherAttempt.Reason, instead failure: ProviderFailure, at now: UInt64,
        to output: some ExchangeOutput
    ) {
        self.settle(
            failure.error.code, self.evidence(wasSent: failure.wasSent ?? output.requestWasSent), at: now, to: output)
        let attempt = FurtherAttempt(call: 0, number: self.attempt.number &+ 1, reason: reason)
        self.state = .asking
        self.question = (attempt, failure)
        output.send(attempt: attempt)
    }

    /// What was asked for and is not answered yet.
    var asked: FurtherAttempt? { self.question?.attempt }

    /// The edge has answered. Throws when nothing was asked.
    mutating func answered(_ allowed: Bool, at now: UInt64, to output: some ExchangeOutput) throws(FrameError) -> Order
    {
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
    mutating func creditReceived(_ bytes: UInt32, at now: UInt64, to output: some ExchangeOutput) throws(FrameError)
        -> Order
    {
        guard self.state != .over else { return .proceed }
        try self.flow.credit(bytes, to: output)
        self.lastTakenAt = now
        guard !self.flow.isBlocked else { return .proceed }
        if self.state == .flushing, let ending = self.ending {
            self.finish(ending, to: output)
            return .proceed
        }
        return self.goOn(at: now, output)
    }

    /// The link is no longer congested.
    mutating func linkRelieved(at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard !self.flow.isBlocked else { return .proceed }
        return self.goOn(at: now, output)
    }

    private mutating func goOn(at now: UInt64, _ output: some ExchangeOutput) -> Order {
        guard self.isPaused, self.callIsRunning else { return .proceed }
        guard !output.isCongested else { return .pause }
        self.isPaused = false
        self.lastPieceAt = now
        return .resume
    }

    /// Nobody waits for the reply any more: of it nothing more is sent.
    mutating func cancelled(at now: UInt64, to output: some ExchangeOutput) -> Order {
        switch self.state {
        case .over: return .proceed
        case .flushing:
            self.giveUp(.cancelled, output)
            return .proceed
        case .ready, .waiting, .asking, .undecided, .unary, .passing, .failing, .streaming:
            let order = self.callIsRunning ? Order.abort : .proceed
            var evidence = self.evidence(wasSent: output.requestWasSent)
            evidence.clientIsGone = true
            self.settle(ProviderFailure.cancelled.error.code, evidence, at: now, to: output)
            self.flow = ReplyFlow()
            self.end(.cancelled, at: now, to: output)
            return order
        }
    }

    /// Ends the exchange with a failure, whatever it is doing. Data that waits for credit still goes first.
    mutating func fail(_ failure: ProviderFailure, at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard self.state != .over, self.state != .flushing else { return .proceed }
        let order = self.callIsRunning ? Order.abort : .proceed
        // A reply that stops inside an event: what the gateway adds is to be an event of its own.
        if self.headIsOut, let filter = self.filter, !filter.isBetweenEvents {
            unsafe withUnsafeBytes(of: (UInt8(0x0A), UInt8(0x0A))) { unsafe self.flow.push($0, to: output) }
        }
        var evidence = self.evidence(wasSent: failure.wasSent ?? output.requestWasSent)
        if failure == .notJSON { evidence.hasContent = false }
        self.settle(failure.error.code, evidence, at: now, to: output)
        self.end(failure, at: now, to: output)
        return order
    }

    // MARK: Attempts

    /// What is known of the running attempt before its reply is whole.
    private func evidence(wasSent: Bool) -> AttemptEvidence {
        var evidence = AttemptEvidence(wasSent: wasSent)
        evidence.status = self.reply?.status ?? 0
        if let filter = self.filter {
            evidence.usage = filter.usage
            evidence.finish = filter.finish
            evidence.hasContent = filter.sawContent || (filter.hasContent && !filter.sawError)
            evidence.saysError = filter.sawError
            evidence.isStream = true
        } else {
            evidence.hasContent = self.attempt.firstContentAt != 0
        }
        return evidence
    }

    /// The attempt is over, by `code` or, where that is nil, with a whole reply.
    private mutating func settle(
        _ code: String?, _ evidence: AttemptEvidence, at now: UInt64, to output: some ExchangeOutput
    ) {
        guard self.callIsRunning else { return }
        self.finishReason = evidence.finish
        self.reports.append(output.settle(self.attempt.outcome(evidence, code: code, at: now)))
    }

    // MARK: Unary replies

    private mutating func decide(
        _ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput
    ) -> Order {
        if unsafe ReplyHeaders.look(bytes) == .events {
            self.becomeStream()
            return unsafe self.filter(bytes, at: now, to: output)
        }
        // A client that has already got a stream's head cannot be given anything else.
        guard !self.headIsOut else { return self.fail(.badStream, at: now, to: output) }
        self.state = .unary
        return unsafe self.hold(bytes, at: now, to: output)
    }

    private mutating func hold(
        _ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput
    ) -> Order {
        self.attempt.hasContent(at: now)
        guard self.held.count + bytes.count > Self.heldReply else {
            unsafe self.held.append(contentsOf: bytes)
            return .proceed
        }
        self.state = .passing
        if let reply = self.reply {
            self.send(ReplyHeaders.head(reply, isStream: false, length: reply.contentLength), to: output)
        }
        self.passed = PassedReply(watchesBrackets: self.reply?.endsByClose == true)
        unsafe self.held.withUnsafeBytes { unsafe self.passed.feed($0) }
        unsafe self.passed.feed(bytes)
        self.pushHeld(to: output)
        unsafe self.flow.push(bytes, to: output)
        return self.orderAfterPush(output)
    }

    /// A connection's end by itself does not say that the reply is whole; then its own brackets must.
    private mutating func endPassed(at now: UInt64, to output: some ExchangeOutput) {
        guard self.reply?.endsByClose != true || self.passed.isClosed else {
            _ = self.fail(.transport(HTTPClientError(kind: .resetInReply, sentAny: true)), at: now, to: output)
            return
        }
        let reply = self.passed.reply(self.reader)
        var evidence = self.evidence(wasSent: true)
        evidence.usage = reply.usage
        evidence.finish = reply.finish
        self.settle(nil, evidence, at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    private mutating func endUnary(at now: UInt64, to output: some ExchangeOutput) {
        guard let head = self.reply, !self.headIsOut, let reply = self.reader.readReply(self.held) else {
            _ = self.fail(.notJSON, at: now, to: output)
            return
        }
        self.send(ReplyHeaders.head(head, isStream: false, length: UInt64(self.held.count)), to: output)
        self.pushHeld(to: output)
        var evidence = self.evidence(wasSent: true)
        evidence.usage = reply.usage
        evidence.finish = reply.finish
        evidence.saysError = reply.hasError
        evidence.hasContent = !reply.hasError
        self.settle(nil, evidence, at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    private mutating func endError(at now: UInt64, to output: some ExchangeOutput) {
        let isReadable = unsafe self.held.withUnsafeBytes { unsafe OpenAIUnaryReply.looksLikeJSON($0) }
        guard let head = self.reply, !self.headIsOut, isReadable else {
            _ = self.fail(self.statusFailure, at: now, to: output)
            return
        }
        self.send(ReplyHeaders.head(head, isStream: false, length: UInt64(self.held.count)), to: output)
        self.pushHeld(to: output)
        self.settle(nil, self.evidence(wasSent: true), at: now, to: output)
        self.end(nil, at: now, to: output)
    }

    private var statusFailure: ProviderFailure {
        guard let reply = self.reply else { return .endedEarly }
        return .status(reply.status, retryAfter: ReplyHeaders.retryAfter(reply))
    }

    private mutating func pushHeld(to output: some ExchangeOutput) {
        var held: [UInt8] = []
        swap(&held, &self.held)
        unsafe held.withUnsafeBytes { unsafe self.flow.push($0, to: output) }
    }

    // MARK: Streams

    private mutating func becomeStream() {
        self.state = .streaming
        self.filter = OpenAIStreamFilter(reader: self.reader, askedForUsage: self.terms.askedForUsage)
    }

    private mutating func filter(
        _ bytes: UnsafeRawBufferPointer, at now: UInt64, to output: some ExchangeOutput
    ) -> Order {
        // Out of `self` while it calls back into it.
        guard var filter = self.filter.take() else { return .proceed }
        let isGood: Bool
        do throws(OpenAIStreamFilter.Failure) {
            unsafe try filter.feed(bytes) { unsafe self.pass($0, to: output) }
            isGood = true
        } catch {
            isGood = false
        }
        if filter.hasContent { self.attempt.hasContent(at: now) }
        self.filter = consume filter
        return isGood ? self.orderAfterPush(output) : self.fail(.badStream, at: now, to: output)
    }

    private mutating func pass(_ bytes: UnsafeRawBufferPointer, to output: some ExchangeOutput) {
        if !self.headIsOut, let reply = self.reply {
            self.send(ReplyHeaders.head(reply, isStream: true, length: nil), to: output)
        }
        unsafe self.flow.push(bytes, to: output)
    }

    private mutating func endStream(_ error: HTTPClientError?, at now: UInt64, to output: some ExchangeOutput) {
        guard var filter = self.filter.take() else { return }
        // The provider has said all it had to say; that its connection broke afterwards costs nobody anything.
        if let error, !filter.sawDone, !filter.sawError {
            self.filter = filter
            _ = self.fail(.transport(error), at: now, to: output)
            return
        }
        let end = unsafe filter.finish { unsafe self.pass($0, to: output) }
        self.filter = filter
        switch end {
        case .complete:
            self.settle(nil, self.evidence(wasSent: true), at: now, to: output)
            self.end(nil, at: now, to: output)
        case .truncated:
            _ = self.fail(.endedEarly, at: now, to: output)
        case .noContent:
            _ = self.fail(.endedWithoutContent, at: now, to: output)
        }
    }

    // MARK: Sending

    private mutating func orderAfterPush(_ output: some ExchangeOutput) -> Order {
        guard self.flow.isBlocked || output.isCongested else { return .proceed }
        self.isPaused = true
        return .pause
    }

    private mutating func send(_ head: ResponseHead, to output: some ExchangeOutput) {
        self.headIsOut = true
        output.send(head: head)
    }

    /// Nothing more comes from the provider: the end goes out behind the data that waits.
    private mutating func end(_ failure: ProviderFailure?, at now: UInt64, to output: some ExchangeOutput) {
        self.filter = nil
        self.held = []
        self.passed = PassedReply(watchesBrackets: false)
        let usages = self.reports.compactMap(\.usage)
        let ending = StreamEnd(
            failure: failure?.error, usage: usages.isEmpty ? nil : usages.reduce(TokenUsage(), +),
            finish: self.finishReason, attempts: self.reports)
        guard self.flow.isBlocked else { return self.finish(ending, to: output) }
        self.state = .flushing
        self.ending = ending
        self.lastTakenAt = now
    }

    /// The client takes nothing any more: what waits is dropped, and the end says that the reply is not whole. How the
    /// provider did stays as it was.
    private mutating func giveUp(_ failure: ProviderFailure, _ output: some ExchangeOutput) {
        guard var ending = self.ending else { return }
        if ending.failure == nil { ending.failure = failure.error }
        self.flow = ReplyFlow()
        self.finish(ending, to: output)
    }

    private mutating func finish(_ ending: StreamEnd, to output: some ExchangeOutput) {
        self.state = .over
        self.ending = nil
        output.send(end: ending)
    }
}
