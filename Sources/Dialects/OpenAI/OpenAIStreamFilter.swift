public import Domain

/// Decides, byte for byte, what of a provider's event stream goes to the client, and when.
///
/// Pure but for the reader it shares with its loop. Nothing is released before the first content, so that until then
/// the request can still be answered by another provider or with a proper status. Of what follows, only the usage chunk
/// that Sluice itself asked for is taken out. Everything else passes unchanged, whatever it is (`EventPassage`).
public final class OpenAIStreamFilter: ReplyStream {
    private let reader: OpenAIReplyReader
    private let askedForUsage: Bool
    private var passage: EventPassage
    private var choices = ChoiceSet()
    private var finished = ChoiceSet()

    /// Content has been released, and the status with it.
    public var hasContent: Bool { self.passage.hasContent }
    /// The last usage that the provider sent.
    public private(set) var usage: TokenUsage?
    public private(set) var terms = UsageTerms()
    public private(set) var sawDone = false
    /// A choice gave its reason for finishing.
    public private(set) var sawFinish = false
    /// The last reason that was given.
    public private(set) var finish = FinishReason.none
    /// Something for the client came: `hasContent` alone may also be an error.
    private var sawContent = false
    public var hasAnswer: Bool { self.sawContent || (self.hasContent && !self.sawError) }
    /// Only what comes with the usage is known of the prompt.
    public var promptUsage: TokenUsage? { nil }
    /// The provider sent an error as an event.
    public private(set) var sawError = false

    /// - Parameters:
    ///   - askedForUsage: Sluice, not the client, asked for the usage chunk: it is taken out.
    ///   - maximumHeldBytes: a preamble longer than this is released as if it were content.
    ///   - maximumEventBytes: an unfinished event longer than this passes unexamined.
    public init(
        reader: OpenAIReplyReader, askedForUsage: Bool, maximumHeldBytes: Int = 256 << 10,
        maximumEventBytes: Int = 1 << 20
    ) {
        self.reader = reader
        self.askedForUsage = askedForUsage
        self.passage = EventPassage(maximumHeldBytes: maximumHeldBytes, maximumEventBytes: maximumEventBytes)
    }

    /// Whether the bytes released so far end between two events; else two line feeds must precede an event that the
    /// gateway adds.
    public var isBetweenEvents: Bool { self.passage.isBetweenEvents }

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. The bytes
    /// are valid inside the call only.
    public func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        let isGood = unsafe self.passage.feed(piece, judge: { unsafe self.judge($0, hasContent: $1) }, release)
        guard isGood else { throw .invalidResponse }
    }

    /// Ends the stream; an event that only lacks its blank line still counts.
    public func finish(_ release: (UnsafeRawBufferPointer) -> Void) -> ReplyStreamEnd {
        var isCut = false
        unsafe self.passage.finish(
            judge: { rest, hasContent in
                let event = unsafe self.classify(rest, hasContent: hasContent)
                self.note(event)
                isCut = unsafe self.reader.classify(rest).kind == .garbage
                if hasContent, isCut { return self.sawDone || self.sawError ? .passes : .preamble }
                return self.verdict(event, hasContent: hasContent)
            }, release)
        guard self.hasContent else { return .noContent }
        let isFinished = self.sawFinish && self.finished.isSuperset(of: self.choices)
        if self.sawDone || self.sawError { return .complete }
        // Half an event behind the answer, such as the usage, is missed all the same.
        return isFinished && !isCut ? .complete : .truncated
    }

    private func judge(_ raw: UnsafeRawBufferPointer, hasContent: Bool) -> EventPassage.Verdict {
        let event = unsafe self.classify(raw, hasContent: hasContent)
        self.note(event)
        return self.verdict(event, hasContent: hasContent)
    }

    /// Behind an error that came first it still matters whether anything is an answer.
    private func classify(_ raw: UnsafeRawBufferPointer, hasContent: Bool) -> OpenAIStreamEvent {
        unsafe hasContent && (self.sawContent || !self.sawError)
            ? self.reader.classifyAfterContent(raw) : self.reader.classify(raw)
    }

    private func verdict(_ event: OpenAIStreamEvent, hasContent: Bool) -> EventPassage.Verdict {
        if self.askedForUsage, event.kind == .usageOnly { return .takenOut }
        guard !hasContent else { return .passes }
        switch event.kind {
        case .garbage: return .fails
        case .comment, .preamble, .usageOnly: return .preamble
        case .content, .done, .error: return .passes
        }
    }

    private func note(_ event: OpenAIStreamEvent) {
        if let usage = event.usage { self.usage = usage }
        self.terms.update(event.terms)
        if event.isFinish {
            self.sawFinish = true
            self.finish = event.finish
        }
        self.choices.formUnion(event.choices)
        self.finished.formUnion(event.finished)
        switch event.kind {
        case .done: self.sawDone = true
        case .error: self.sawError = true
        case .content: self.sawContent = true
        default: break
        }
    }
}
