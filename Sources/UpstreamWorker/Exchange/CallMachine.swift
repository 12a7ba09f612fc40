internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC
internal import Resilience

/// One provider call of an exchange: how far it has come, what of its reply is here, and which of its deadlines is the next. Pure.
///
/// An `ExchangeMachine` makes it, feeds it and draws the conclusions; nothing of its reply reaches the client before the
/// first content, or before a reply that comes in one piece is whole. Times are monotonic nanoseconds.
///
/// States: `preparing` (its body is made, which may need images) → `waiting` (called) → `receiving` (by the reply's head) →
/// `over`.
final class CallMachine {
    enum State: Hashable {
        case preparing
        case waiting
        case receiving
        case over
    }

    /// Nanoseconds that a provider gets to end its call after it has said all it had to say, where the client waits for the end.
    static let farewell: UInt64 = 100_000_000
    /// A reply that has begun must bring this many bytes in that many nanoseconds.
    static let dripBytes: UInt64 = 60
    static let dripSpan: UInt64 = 60_000_000_000
    /// Nanoseconds after it went out in which a request may be wanted to go out again. A kept connection that the server had closed shows
    /// that within a round trip; later the provider has most likely begun to work, and would be paid twice.
    static let resendSpan: UInt64 = 3_000_000_000

    /// Which of the request's calls, with which key; its number is what the provider and the records have, too.
    let order: DispatchOrder.Attempt
    let terms: ExchangeTerms
    let dialect: ReplyDialect
    /// No kept one is to be used.
    var needsNewConnection = false
    private(set) var state = State.preparing
    private(set) var progress = AttemptProgress()
    /// Its reply, from the head on; also when it is over.
    private(set) var reception: ReplyReception?
    /// The provider is not read from.
    private(set) var isPaused = false
    /// What this call's own deadlines count from.
    private let beganAt: UInt64
    /// When the whole request must be over, as this call's provider has it.
    private let endsAt: UInt64
    private var lastPieceAt: UInt64 = 0
    /// When the last bytes came that were enough, and how many there were then.
    private var drip: (since: UInt64, bytes: UInt64) = (0, 0)

    init(_ order: DispatchOrder.Attempt, _ terms: CallTerms, at now: UInt64, endsAt: UInt64) {
        self.order = order
        self.terms = terms.terms
        self.dialect = terms.dialect
        self.beganAt = now
        self.endsAt = endsAt
    }

    var isRunning: Bool { self.state == .waiting || self.state == .receiving }

    /// Something of its answer went to the client.
    var hasBegunAnswer: Bool { self.reception?.hasBegun ?? false }

    /// What the provider said of trying again; `wallClock` in milliseconds since 1970.
    func advice(at wallClock: UInt64) -> RetryAdvice {
        guard let reception = self.reception, !reception.head.retryFields.isEmpty || reception.head.status >= 400 else {
            return RetryAdvice()
        }
        var reader = RetryAdviceReader(wallClock: wallClock)
        let (fields, body) = (reception.head.retryFields, reception.errorBody)
        reader.read(fields: fields.span)
        reader.read(errorBody: body.span)
        return reader.advice
    }

    // MARK: Events

    /// The request goes to the provider now.
    func started(at now: UInt64) {
        guard self.state == .preparing else { return }
        self.state = .waiting
        self.progress.begin(self.order.number, at: now)
    }

    /// A connection stands, and the request goes out on it.
    func connected(at now: UInt64) {
        self.progress.connected(at: now)
    }

    /// Answers why nothing of the reply can be used, as far as its head says it.
    func headReceived(_ head: HTTPResponseHead, at now: UInt64) -> ProviderFailure? {
        guard self.state == .waiting else { return nil }
        let reception = ReplyReception(head, self.terms, self.dialect)
        self.reception = reception
        self.state = .receiving
        self.lastPieceAt = now
        self.drip.since = now
        return reception.refusal
    }

    /// Answers why the reply cannot be passed on any further; nil where it can.
    func dataReceived(
        _ bytes: UnsafeRawBufferPointer, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) -> ProviderFailure? {
        self.lastPieceAt = now
        self.progress.received(bytes.count)
        if self.progress.replyBytes &- self.drip.bytes >= Self.dripBytes { self.drip = (now, self.progress.replyBytes) }
        guard self.state == .receiving, let reception = self.reception else { return nil }
        let failure = unsafe reception.receive(bytes, &sender, at: now, to: output)
        if reception.hasContent { self.progress.hasContent(at: now) }
        return failure
    }

    func paused() {
        self.isPaused = true
    }

    func resumed(at now: UInt64) {
        self.isPaused = false
        self.lastPieceAt = now
        self.drip = (now, self.progress.replyBytes)
    }

    /// Nothing more comes of it. What it is recorded as: its failure's code, or nil for a reply that came whole.
    func ended(_ code: String?, _ evidence: AttemptEvidence, at now: UInt64) -> AttemptOutcome {
        self.state = .over
        return self.progress.outcome(evidence, code: code, at: now)
    }

    /// What is known of the call before its reply is whole.
    func evidence(wasSent: Bool) -> AttemptEvidence {
        self.reception?.evidence(wasSent: wasSent) ?? AttemptEvidence(wasSent: wasSent)
    }

    /// Whether `failure` says no more than that the kept connection was dead which the request went out on.
    func metDeadConnection(_ failure: ProviderFailure, at now: UInt64) -> Bool {
        guard self.state == .waiting, case .transport(let error) = failure, error.metDeadConnection else {
            return false
        }
        return now < ExchangeMachine.sum(self.progress.connectedAt, Self.resendSpan)
    }

    // MARK: Time

    /// Nanoseconds since it was begun.
    func age(at now: UInt64) -> UInt64 { now > self.beganAt ? now - self.beganAt : 0 }

    /// The call's next deadline.
    var timeout: (time: UInt64, deadline: ProviderFailure.Deadline) {
        // While the client is slow the provider is not to blame for silence.
        guard !self.isPaused else { return (self.endsAt, .total) }
        let next = self.silence
        return next.time < self.endsAt ? next : (self.endsAt, .total)
    }

    /// When the provider has been silent, or slow, for too long; `.max` for never.
    private var silence: (time: UInt64, deadline: ProviderFailure.Deadline) {
        if self.hasSaidAll {
            return (ExchangeMachine.sum(self.lastPieceAt, Self.farewell), .idle)
        }
        var next: (time: UInt64, deadline: ProviderFailure.Deadline) = (.max, .idle)
        if self.progress.firstContentAt != 0 || self.reception?.form == .error {
            next.time = ExchangeMachine.sum(self.lastPieceAt, self.terms.idle)
        } else if self.terms.isStream {
            next = (ExchangeMachine.sum(self.beganAt, self.terms.firstToken), .firstToken)
        }
        // Else nothing says that a model is thinking: before the first byte of a reply that is no stream silence is normal.
        if self.progress.replyBytes > 0, self.drip.since != 0 {
            let due = ExchangeMachine.sum(self.drip.since, Self.dripSpan)
            if due < next.time { next = (due, .idle) }
        }
        return next
    }

    /// The provider has said all it had to say, and only keeps the connection open; what ends the reply is the gateway's to write,
    /// or another call.
    var hasSaidAll: Bool {
        // An error is held back only where nothing came before it.
        guard let reception = self.reception, self.dialect.isTranslated || !reception.hasBegun else { return false }
        return (self.dialect.isTranslated && reception.sawDone) || reception.holdsError
    }

    /// The deadline that has passed at `now`.
    func hasTimedOut(at now: UInt64) -> ProviderFailure.Deadline? {
        let next = self.timeout
        return now >= next.time ? next.deadline : nil
    }
}
