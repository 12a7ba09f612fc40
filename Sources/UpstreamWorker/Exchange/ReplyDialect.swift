internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC
internal import JSON

/// How the replies of a call are read, and what the client gets of them: their bytes, or a translation of them.
///
/// Immutable; shared by all requests whose replies pass as they are, one for each request whose replies are translated.
final class ReplyDialect {
    let passage: ReplyPassage
    /// What a translation has to know; nil where bytes pass.
    let context: TranslationContext?
    let isTranslated: Bool
    /// A status 403 refuses the request, and not the key (`ProviderRow.moderates`).
    let moderates: Bool
    /// What comes are images, which are counted.
    let countsImages: Bool
    private let reader: DialectReader

    /// Replies in OpenAI's words, or in Anthropic's, whose bytes pass.
    init(
        passing passage: ReplyPassage, moderates: Bool = false, countsImages: Bool = false, reader: DialectReader
    ) {
        self.passage = passage
        self.countsImages = countsImages
        self.moderates = moderates
        self.isTranslated = false
        self.context = nil
        self.reader = reader
    }

    /// Replies that are translated.
    init(_ context: TranslationContext, reader: DialectReader) {
        self.passage = .translated
        self.isTranslated = true
        self.moderates = context.row.moderates
        self.countsImages = false
        self.context = context
        self.reader = reader
    }

    /// `askedForUsage`: Sluice, not the client, asked for the usage chunk.
    func stream(askedForUsage: Bool) -> any ReplyStream {
        if let context = self.context { return StreamTranslator(context, reader: self.reader) }
        return self.passage == .anthropic
            ? AnthropicStreamFilter(reader: self.reader)
            : OpenAIStreamFilter(reader: self.reader.openAI, askedForUsage: askedForUsage)
    }

    // MARK: Whole replies that pass

    /// What the gateway needs to know of one; nil where it is no JSON object.
    func outcome(of body: [UInt8]) -> UnaryReply? {
        self.passage == .anthropic
            ? AnthropicUnaryReader.readReply(body, reader: self.reader)
            : self.reader.openAI.readReply(body, countsImages: self.countsImages)
    }

    // MARK: Whole replies that are translated

    /// Reads one whose status says success.
    func read(_ body: [UInt8], _ head: HTTPResponseHead) throws(ProviderFailure) -> Reply {
        guard let context = self.context else { throw .notReply }
        do throws(StreamFault) {
            return try ReplyTranslator.read(body, context, reader: self.reader)
        } catch {
            guard case .provider(let said) = error else { throw .notReply }
            throw .reported(self.error(body, head) ?? ProviderError(said))
        }
    }

    /// `reply` for the client, with the tokens of the call.
    func write(_ reply: Reply, _ report: AttemptReport) -> [UInt8] {
        guard let context = self.context else { return [] }
        return ReplyTranslator.write(
            reply, usage: report.usage, isEstimated: report.usageSource == .estimated, context)
    }

    // MARK: Errors

    /// The provider's error as the client is told it: with an error status, or within a reply that says success. nil where bytes pass.
    func error(_ body: [UInt8], _ head: HTTPResponseHead) -> ProviderError? {
        guard let context = self.context else { return nil }
        var error = unsafe body.withUnsafeBytes {
            unsafe ProviderErrorReader.read(
                $0, status: head.status, retryAfter: ReplyHeaders.retryAfter(head), context.row, reader: self.reader)
        }
        error.error = self.told(error.error)
        return error
    }

    /// The status that an error amounts to which came within a reply, or a stream, that says success.
    func errorStatus(_ body: [UInt8]) -> UInt16 {
        let event = ErrorEvent.range(in: body) ?? 0..<body.count
        let row = self.context?.row ?? ProviderTable.row(self.passage == .anthropic ? .anthropic : .openai)
        return unsafe body.withUnsafeBytes {
            let error = unsafe UnsafeRawBufferPointer(rebasing: $0[event])
            return unsafe ProviderErrorReader.statusInside(error, row, reader: self.reader)
        }
    }

    /// The same with a status that the front door's clients know: Anthropic has one of its own for "overloaded".
    func told(_ error: GatewayError) -> GatewayError {
        guard error.status == 529, self.context?.endpoint.isAnthropic == false else { return error }
        return error.withStatus(503)
    }

    /// The body that tells `error` at the front door.
    func body(of error: ProviderError) -> [UInt8] {
        let endpoint = self.context?.endpoint ?? (self.passage == .anthropic ? .messages : .chatCompletions)
        // The nonce is the record's name, under which the client knows its request.
        let record = self.context.flatMap { $0.nonce.isEmpty ? nil : String(decoding: $0.nonce, as: UTF8.self) }
        return ErrorBody.render(error, at: endpoint, requestID: record)
    }

    // MARK: Heads

    /// The head for the client. `length` where the whole body's is known.
    func head(_ head: HTTPResponseHead, isStream: Bool, length: UInt64?) -> ResponseHead {
        var head = head
        // What a translation writes is not of the provider's type; and Anthropic says when to try again even of successes.
        if self.isTranslated {
            head.contentType = nil
            if head.status < 400 { head.retryAfter = nil }
        }
        return ReplyHeaders.head(head, isStream: isStream, length: length)
    }

    /// The head of an error that was translated.
    func head(_ head: HTTPResponseHead?, of error: GatewayError, length: Int) -> ResponseHead {
        var head = head ?? HTTPResponseHead(status: error.status)
        head.status = error.status
        head.contentType = nil
        if head.retryAfter == nil { head.retryAfter = error.retryAfter.map { Array("\($0)".utf8) } }
        return ReplyHeaders.head(head, isStream: false, length: UInt64(length))
    }
}
