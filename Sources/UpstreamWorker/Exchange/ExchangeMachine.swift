internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC

/// One request's life from its provider call to its END frame, without any I/O: when the head goes out, what of the reply
/// passes, when it has failed and what the client is told.
///
/// Takes the call's events with the time they came at (monotonic nanoseconds); writes the reply's frames to an
/// `ExchangeOutput` and answers what is to be done with the call. It does not receive the request body
/// (`BodyCollector`), make the call, or keep time: `deadline` says when it wants to be told the time.
///
/// Invariants: at most one head, then chunks, then exactly one end; nothing after the end; no chunk beyond the window.
///
/// States: `ready` → `waiting` (called) → by the reply's head one of `undecided`, `unary`, `failing`, `streaming` → `passing`
/// (a unary reply too large to be held) → `flushing` (the call is over, data waits for credit) → `over`.
struct ExchangeMachine {
    /// What is to be done with the provider call.
    enum Order: Hashable {
        case proceed
        /// Take nothing more of the reply until told to; what it waits for is credit, or the link.
        case pause
        case resume
        /// Close the connection.
        case abort
    }

    enum State: Hashable {
        case ready
        case waiting
        /// Asked for a stream, answered with a good status and another content type: the first bytes decide.
        case undecided
        /// Held until it is whole.
        case unary
        case passing
        /// An error status; its body is held until it is whole.
        case failing
        case streaming
        case flushing
        case over
    }

    /// Bytes of a unary reply that are held.
    static let heldReply = 256 << 10
    /// Bytes of an error's body that are held; a longer one is dropped.
    static let heldError = 64 << 10
    /// Nanoseconds after which a stream's head goes out without content.
    static let headHold: UInt64 = 15_000_000_000
    /// Nanoseconds in which a client must take some of what waits once the call is over. Credit returns in half windows, so this
    /// must suit a slow client; the edge, which sees each byte, resets one that stands still long before.
    static let clientPatience: UInt64 = 300_000_000_000
    static let keepAlive = Array(": keep-alive\n\n".utf8)

    private let terms: ExchangeTerms
    private let reader: OpenAIReplyReader
    private(set) var state = State.ready
    private var flow = ReplyFlow()
    private var filter: OpenAIStreamFilter?
    private var reply: HTTPResponseHead?
    private var headIsOut = false
    private var held: [UInt8] = []
    private var passed = PassedReply(watchesBrackets: false)
    private var ending: StreamEnd?
    /// When data last moved towards the client while `flushing`.
    private var lastTakenAt: UInt64 = 0
    private var isPaused = false
    private var startedAt: UInt64 = 0
    private var firstContentAt: UInt64 = 0
    private var lastPieceAt: UInt64 = 0

    /// `reader` is shared by the exchanges of a loop and keeps nothing between two calls.
    init(terms: ExchangeTerms, reader: OpenAIReplyReader) {
        self.terms = terms
        self.reader = reader
    }

    var isOver: Bool { self.state == .over }

    /// The code of the failure the exchange ended with; nil while it runs and when all went well.
    private(set) var failureCode: String?

    // MARK: Time

    /// When `timePassed` is wanted; `.max` for not at all.
    var deadline: UInt64 {
        if self.state == .flushing { return Self.sum(self.lastTakenAt, Self.clientPatience) }
        guard self.callIsRunning else { return .max }
        return min(self.soonestTimeout.time, self.holdsHead ? Self.sum(self.startedAt, Self.headHold) : .max)
    }

    /// When the shell's timer had best be set for at the start: no later deadline of this call will come before it, so it
    /// need not be moved while the call goes well.
    var firstCheck: UInt64 { min(self.deadline, Self.sum(self.startedAt, self.terms.idle)) }

    private var callIsRunning: Bool {
        switch self.state {
        case .ready, .flushing, .over: false
        case .waiting, .undecided, .unary, .passing, .failing, .streaming: true
        }
    }

    /// Whether a stream's head is still held back for the sake of a proper status.
    private var holdsHead: Bool {
        guard self.terms.isStream, !self.headIsOut else { return false }
        return self.state == .waiting || self.state == .undecided || self.state == .streaming
    }

    private var soonestTimeout: (time: UInt64, deadline: ProviderFailure.Deadline) {
        let total = Self.sum(self.startedAt, self.terms.total)
        // While the client is slow the provider is not to blame for silence.
        guard !self.isPaused else { return (total, .total) }
        let silence: (time: UInt64, deadline: ProviderFailure.Deadline)
        if self.firstContentAt != 0 || self.state == .failing {
            silence = (Self.sum(self.lastPieceAt, self.terms.idle), .idle)
        } else if self.terms.isStream {
            silence = (Self.sum(self.startedAt, self.terms.firstToken), .firstToken)
        } else {
            // Nothing says that a model is thinking: before the first byte of a reply that is no stream silence is normal.
            return (total, .total)
        }
        return silence.time < total ? silence : (total, .total)
    }

    private static func sum(_ time: UInt64, _ span: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(span)
        return overflow ? .max : sum
    }

    /// To be called at `deadline`; harmless at any other time.
    mutating func timePassed(at now: UInt64, to output: some ExchangeOutput) -> Order {
        if self.state == .flushing, now >= self.deadline { self.giveUpOnClient(output) }
        guard self.callIsRunning else { return .proceed }
        let timeout = self.soonestTimeout
        guard now < timeout.time else { return self.fail(.timeout(timeout.deadline), at: now, to: output) }
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
        switch self.state {
        case .ready, .waiting, .flushing, .over:
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
        case .ready, .flushing, .over: break
        case .waiting:
            // Without an error there was a head.
            let error = error ?? HTTPClientError(kind: .protocolViolation, sentAny: true)
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

    /// Nobody waits for the reply any more: nothing more is sent.
    mutating func cancelled() -> Order {
        let order = self.callIsRunning ? Order.abort : .proceed
        self.state = .over
        self.failureCode = "cancelled"
        return order
    }

    /// Ends the exchange with a failure, whatever it is doing. Data that waits for credit still goes first.
    mutating func fail(_ failure: ProviderFailure, at now: UInt64, to output: some ExchangeOutput) -> Order {
        guard self.state != .over, self.state != .flushing else { return .proceed }
        let order = self.callIsRunning ? Order.abort : .proceed
        let error = failure.error
        // A reply that stops inside an event: what the gateway adds is to be an event of its own.
        if self.headIsOut, let filter = self.filter, !filter.isBetweenEvents {
            unsafe withUnsafeBytes(of: (UInt8(0x0A), UInt8(0x0A))) { unsafe self.flow.push($0, to: output) }
        }
        let usage = self.filter?.usage
        self.failureCode = error.code
        self.end(
            StreamEnd(failure: error, usage: usage, attempts: self.attempts(error.code, at: now)), at: now, to: output)
        return order
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
        if self.firstContentAt == 0 { self.firstContentAt = now }
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
        let usage = self.passed.usage(self.reader)
        self.end(StreamEnd(usage: usage, attempts: self.attempts(nil, at: now)), at: now, to: output)
    }

    private mutating func endUnary(at now: UInt64, to output: some ExchangeOutput) {
        guard let head = self.reply, !self.headIsOut, let reply = self.reader.readReply(self.held) else {
            _ = self.fail(.notJSON, at: now, to: output)
            return
        }
        self.send(ReplyHeaders.head(head, isStream: false, length: UInt64(self.held.count)), to: output)
        self.pushHeld(to: output)
        self.end(StreamEnd(usage: reply.usage, attempts: self.attempts(nil, at: now)), at: now, to: output)
    }

    private mutating func endError(at now: UInt64, to output: some ExchangeOutput) {
        let isReadable = unsafe self.held.withUnsafeBytes { unsafe OpenAIUnaryReply.looksLikeJSON($0) }
        guard let head = self.reply, !self.headIsOut, isReadable else {
            _ = self.fail(self.statusFailure, at: now, to: output)
            return
        }
        self.send(ReplyHeaders.head(head, isStream: false, length: UInt64(self.held.count)), to: output)
        self.pushHeld(to: output)
        self.failureCode = "status_\(head.status)"
        self.end(StreamEnd(attempts: self.attempts(nil, at: now)), at: now, to: output)
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
        if self.firstContentAt == 0 && filter.hasContent { self.firstContentAt = now }
        self.filter = filter
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
            self.end(StreamEnd(usage: filter.usage, attempts: self.attempts(nil, at: now)), at: now, to: output)
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
    private mutating func end(_ ending: StreamEnd, at now: UInt64, to output: some ExchangeOutput) {
        self.filter = nil
        self.held = []
        self.passed = PassedReply(watchesBrackets: false)
        guard self.flow.isBlocked else { return self.finish(ending, to: output) }
        self.state = .flushing
        self.ending = ending
        self.lastTakenAt = now
    }

    /// The client takes nothing any more: what waits is dropped, and the end says that the reply is not whole. How the
    /// provider did stays as it was.
    private mutating func giveUpOnClient(_ output: some ExchangeOutput) {
        guard var ending = self.ending else { return }
        if ending.failure == nil { ending.failure = ProviderFailure.clientStalled.error }
        self.flow = ReplyFlow()
        self.finish(ending, to: output)
    }

    private mutating func finish(_ ending: StreamEnd, to output: some ExchangeOutput) {
        self.state = .over
        self.ending = nil
        output.send(end: ending)
    }

    private func attempts(_ code: String?, at now: UInt64) -> [AttemptReport] {
        guard self.state != .ready else { return [] }
        let content = self.firstContentAt == 0 ? 0 : (self.firstContentAt &- self.startedAt) / 1000
        return [
            AttemptReport(
                call: 0, status: self.reply?.status ?? 0, firstContent: content, total: (now &- self.startedAt) / 1000,
                error: code ?? "")
        ]
    }
}
