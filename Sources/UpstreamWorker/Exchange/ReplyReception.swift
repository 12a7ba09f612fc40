internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC

/// One call's reply from its head to its end: what of it passes and when, what is held, and what the client gets of it. Pure
/// but for the reader it shares with its loop.
///
/// Forms: an error's body and a whole reply are `held` until they are whole; a reply too large for that, whose bytes pass, is
/// `passing`; one that is translated is held up to `translatedReply`. A `stream` goes through its filter or translator. Where
/// a stream was asked for and the head does not say what came, the first bytes decide.
final class ReplyReception {
    enum Form: Hashable {
        /// Asked for a stream, answered with a good status and another content type: the first bytes decide.
        case undecided
        /// Held until it is whole.
        case held
        case passing
        /// An error status; its body is held until it is whole.
        case error
        case stream
    }

    /// How it ended.
    enum Ending {
        case whole(AttemptEvidence)
        case failed(ProviderFailure)
    }

    /// Bytes of a whole reply that are held before it passes as it comes.
    static let heldReply = 256 << 10
    /// Bytes of a whole reply that is translated.
    static let translatedReply = 32 << 20
    /// Bytes of an error's body that are held; a longer one is dropped.
    static let heldError = 64 << 10
    /// Memory for a reply beyond `heldReply` is taken in such steps.
    private static let reservation = 1 << 20

    let head: HTTPResponseHead
    private let terms: ExchangeTerms
    private let dialect: ReplyDialect
    private(set) var form: Form
    private var held: [UInt8] = []
    private var reserved = ReplyReception.heldReply
    private var passed = PassedReply(watchesBrackets: false)
    private var stream: (any ReplyStream)?
    /// Something of the answer has gone out, or goes out now.
    private(set) var hasBegun = false
    /// What a stream began with, while that may be an error: then until it is known that nothing else is tried.
    private var early: [UInt8] = []
    /// An error's body as it came, once it is whole.
    private(set) var errorBody: [UInt8] = []
    /// What a provider's error becomes where a stream's head has gone out already.
    private(set) var toldError: ProviderFailure?
    /// Whole, and to be written when it is known what it cost.
    private var reply: Reply?
    /// Whole, and to be sent.
    private var answer: ResponseHead?

    init(_ head: HTTPResponseHead, _ terms: ExchangeTerms, _ dialect: ReplyDialect) {
        self.head = head
        self.terms = terms
        self.dialect = dialect
        if head.status >= 400 {
            self.form = .error
        } else if ReplyHeaders.isEventStream(head.contentType) {
            self.form = .stream
            self.stream = dialect.stream(askedForUsage: terms.askedForUsage)
        } else {
            self.form = terms.isStream ? .undecided : .held
        }
    }

    /// Why nothing of the reply can be used, as its head says; nil where its body decides.
    var refusal: ProviderFailure? {
        switch self.head.status {
        // What the provider says of the request is the client's to read.
        case 403 where self.dialect.moderates: nil
        case 401, 403: .authentication
        // Events that were not asked for can be passed on, but not be made one reply.
        case 200..<300: self.form == .stream && !self.terms.isStream && self.dialect.isTranslated ? .notReply : nil
        case 400..<600: nil
        default: .unexpectedStatus(self.head.status)
        }
    }

    // MARK: What is known of it

    /// Something of what was asked for is here.
    var hasContent: Bool {
        switch self.form {
        case .undecided, .error: false
        case .held: !self.held.isEmpty
        case .passing: true
        case .stream: self.stream?.hasContent ?? false
        }
    }

    /// The stream began with an error, which is held back.
    var holdsError: Bool { !self.early.isEmpty }

    /// More came behind the error than is held of one: it is not waited for what else may come.
    var holdsTooMuch: Bool { self.early.count > Self.heldError }

    /// The status that the provider's error amounts to, where it came with another one.
    var errorStatus: UInt16 {
        guard self.head.status < 400 else { return self.head.status }
        return self.dialect.errorStatus(self.early.isEmpty ? self.held : self.early)
    }

    /// Nothing more is to be expected, whatever the connection does.
    var hasSaidAll: Bool { self.sawDone || self.holdsError }

    /// The provider has said all it had to say, and may keep the connection open.
    var sawDone: Bool { self.stream?.sawDone ?? false }

    /// What comes goes out at once, so that a slow client slows the provider.
    var isSentAsItComes: Bool { self.form == .passing || self.form == .stream }

    /// Whether a comment can go out: what did ends between two events, and more of them may follow.
    var takesComments: Bool {
        switch self.form {
        case .undecided: true
        case .held, .passing, .error: false
        case .stream: !self.isInsideEvent && !self.sawDone
        }
    }

    /// Whether what went out stops inside an event.
    var isInsideEvent: Bool { self.stream?.isBetweenEvents == false }

    /// What can be said of the call before its reply is whole.
    func evidence(wasSent: Bool) -> AttemptEvidence {
        var evidence = AttemptEvidence(wasSent: wasSent)
        evidence.status = self.head.status
        if let stream = self.stream {
            evidence.usage = stream.usage
            evidence.terms = stream.terms
            evidence.promptUsage = stream.promptUsage
            evidence.finish = stream.finish
            evidence.hasContent = stream.hasAnswer
            evidence.saysError = stream.sawError
            evidence.isStream = true
        } else {
            evidence.hasContent = self.hasContent
        }
        return evidence
    }

    // MARK: Its body

    /// Takes the next bytes. Returns why the reply cannot be passed on any further, nil where it can.
    func receive(
        _ bytes: UnsafeRawBufferPointer, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) -> ProviderFailure? {
        switch self.form {
        case .undecided:
            guard unsafe ReplyHeaders.look(bytes) != .events else {
                self.form = .stream
                self.stream = self.dialect.stream(askedForUsage: self.terms.askedForUsage)
                return unsafe self.filter(bytes, &sender, at: now, to: output)
            }
            // A client that has already got a stream's head cannot be given anything else.
            guard !sender.headIsOut else { return .badStream }
            self.form = .held
            return unsafe self.hold(bytes, &sender, at: now, to: output)
        case .held:
            return unsafe self.hold(bytes, &sender, at: now, to: output)
        case .passing:
            unsafe self.passed.feed(bytes)
            unsafe sender.push(bytes, at: now, to: output)
            return nil
        case .error:
            guard self.held.count + bytes.count <= Self.heldError else { return self.statusFailure }
            unsafe self.held.append(contentsOf: bytes)
            return nil
        case .stream:
            return unsafe self.filter(bytes, &sender, at: now, to: output)
        }
    }

    private func hold(
        _ bytes: UnsafeRawBufferPointer, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) -> ProviderFailure? {
        let count = self.held.count + bytes.count
        if count <= Self.heldReply {
            unsafe self.held.append(contentsOf: bytes)
            return nil
        }
        guard self.dialect.isTranslated else {
            unsafe self.pass(bytes, &sender, at: now, to: output)
            return nil
        }
        guard count <= Self.translatedReply else { return .replyTooLong }
        while self.reserved < count {
            guard output.reserve(Self.reservation) else { return .outOfMemory }
            self.reserved += Self.reservation
        }
        unsafe self.held.append(contentsOf: bytes)
        return nil
    }

    /// Too large to be held: from here on it passes as it comes.
    private func pass(
        _ bytes: UnsafeRawBufferPointer, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) {
        self.form = .passing
        self.hasBegun = true
        sender.send(
            self.dialect.head(self.head, isStream: false, length: self.head.contentLength), at: now, to: output)
        self.passed = PassedReply(
            watchesBrackets: self.head.endsByClose, countsImages: self.dialect.countsImages)
        let held = self.takeHeld()
        unsafe held.withUnsafeBytes { unsafe self.passed.feed($0) }
        unsafe self.passed.feed(bytes)
        sender.push(held, at: now, to: output)
        unsafe sender.push(bytes, at: now, to: output)
    }

    private func filter(
        _ bytes: UnsafeRawBufferPointer, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) -> ProviderFailure? {
        var failure: ProviderFailure?
        do throws(StreamFault) {
            unsafe try self.stream?.feed(bytes) { unsafe self.release($0, &sender, at: now, to: output) }
        } catch {
            failure = self.failure(error)
        }
        if !self.hasBegun { self.beginIfAnswered(&sender, at: now, to: output) }
        return failure
    }

    private func release(
        _ bytes: UnsafeRawBufferPointer, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) {
        if self.hasBegun {
            unsafe sender.push(bytes, at: now, to: output)
        } else {
            unsafe self.early.append(contentsOf: bytes)
        }
    }

    /// What a stream begins with goes out when it is known to be no error.
    private func beginIfAnswered(_ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput) {
        if !self.early.isEmpty, self.stream?.hasAnswer == true { self.beginAnswer(&sender, at: now, to: output) }
    }

    private func beginAnswer(_ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput) {
        self.hasBegun = true
        if !sender.headIsOut {
            sender.send(self.dialect.head(self.head, isStream: true, length: nil), at: now, to: output)
        }
        guard !self.early.isEmpty else { return }
        sender.push(self.early, at: now, to: output)
        self.early = []
    }

    private func takeHeld() -> [UInt8] {
        var held: [UInt8] = []
        swap(&held, &self.held)
        return held
    }

    private var statusFailure: ProviderFailure {
        .status(self.head.status, retryAfter: ReplyHeaders.retryAfter(self.head))
    }

    private func failure(_ fault: StreamFault) -> ProviderFailure {
        switch fault {
        case .invalidResponse: .badStream
        case .provider(let error): .reported(ProviderError(self.dialect.told(error)))
        }
    }

    // MARK: Its end

    /// The call is over, whole where `error` is nil. Of a whole reply the rest goes out with `conclude`, once it is known what it cost.
    func end(
        _ error: HTTPClientError?, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) -> Ending {
        if self.form == .stream { return self.endStream(error, &sender, at: now, to: output) }
        if let error { return .failed(.transport(error)) }
        switch self.form {
        case .passing: return self.endPassed()
        case .error: return self.endError(headIsOut: sender.headIsOut)
        case .undecided, .held, .stream: return self.endHeld(headIsOut: sender.headIsOut)
        }
    }

    private func endStream(
        _ error: HTTPClientError?, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) -> Ending {
        guard let stream = self.stream else { return .failed(.endedWithoutContent) }
        // The provider has said all it had to say; that its connection broke afterwards costs nobody anything.
        if let error, !stream.sawDone, !stream.sawError { return .failed(.transport(error)) }
        let end: ReplyStreamEnd
        defer { if !self.hasBegun { self.beginIfAnswered(&sender, at: now, to: output) } }
        do throws(StreamFault) {
            end = unsafe try stream.finish { unsafe self.release($0, &sender, at: now, to: output) }
        } catch {
            return .failed(self.failure(error))
        }
        switch end {
        case .complete: return .whole(self.evidence(wasSent: true))
        case .truncated: return .failed(.endedEarly)
        case .noContent: return .failed(.endedWithoutContent)
        }
    }

    /// A connection's end by itself does not say that the reply is whole; then its own brackets must.
    private func endPassed() -> Ending {
        guard !self.head.endsByClose || self.passed.isClosed else {
            return .failed(.transport(HTTPClientError(kind: .resetInReply, sentAny: true)))
        }
        let reply = self.passed.reply(self.dialect)
        var evidence = self.evidence(wasSent: true)
        evidence.usage = reply.usage
        evidence.terms = reply.terms
        evidence.finish = reply.finish
        return .whole(evidence)
    }

    private func endHeld(headIsOut: Bool) -> Ending {
        guard !headIsOut else { return .failed(.notJSON) }
        self.form = .held
        var evidence = self.evidence(wasSent: true)
        if self.dialect.isTranslated {
            do throws(ProviderFailure) {
                let reply = try self.dialect.read(self.held, self.head)
                evidence.usage = reply.usage
                evidence.terms = reply.terms
                evidence.finish = reply.choices.last?.finish.reason ?? .none
                evidence.hasContent = true
                self.held = []
                self.reply = reply
            } catch {
                return .failed(error)
            }
        } else {
            guard let reply = self.dialect.outcome(of: self.held) else { return .failed(.notJSON) }
            evidence.usage = reply.usage
            evidence.terms = reply.terms
            evidence.finish = reply.finish
            evidence.saysError = reply.hasError
            evidence.hasContent = !reply.hasError
            if reply.hasError { self.toldError = .notReply }
            self.answer = self.dialect.head(self.head, isStream: false, length: UInt64(self.held.count))
        }
        return .whole(evidence)
    }

    private func endError(headIsOut: Bool) -> Ending {
        self.errorBody = self.held
        self.toldError = self.statusFailure
        if let error = self.dialect.error(self.held, self.head) {
            guard !headIsOut else { return .failed(.reported(error)) }
            self.toldError = .reported(error)
            self.held = self.dialect.body(of: error)
            self.answer = self.dialect.head(self.head, of: error.error, length: self.held.count)
        } else {
            let isReadable = unsafe self.held.withUnsafeBytes { unsafe UnaryReply.looksLikeJSON($0) }
            guard isReadable, !headIsOut else { return .failed(self.statusFailure) }
            self.answer = self.dialect.head(self.head, isStream: false, length: UInt64(self.held.count))
        }
        return .whole(self.evidence(wasSent: true))
    }

    /// Sends what is still to be sent of a whole reply; `report` says what it cost, and all other calls are over, too.
    func conclude(
        _ report: AttemptReport, _ sender: inout ReplySender, at now: UInt64, to output: some ExchangeOutput
    ) {
        if let stream = self.stream.take() {
            if !self.hasBegun { self.beginAnswer(&sender, at: now, to: output) }
            unsafe stream.conclude(usage: report.usage, isEstimated: report.usageSource == .estimated) {
                unsafe self.release($0, &sender, at: now, to: output)
            }
        } else if let reply = self.reply.take() {
            let body = self.dialect.write(reply, report)
            let head = self.dialect.head(self.head, isStream: false, length: UInt64(body.count))
            sender.send(head, isSettled: true, at: now, to: output)
            sender.push(body, at: now, to: output)
        } else if let answer = self.answer.take() {
            sender.send(answer, isSettled: true, at: now, to: output)
            sender.push(self.takeHeld(), at: now, to: output)
        }
    }
}
