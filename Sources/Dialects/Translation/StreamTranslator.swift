public import Domain

/// Turns a provider's stream into a front door's, however it is cut into pieces.
///
/// Pure but for the reader it shares with its loop. Nothing is released before the first content, so that until then the
/// request can still be answered by another provider or with a proper status. What is released ends between two events
/// each time. An error that the provider reports is thrown, wherever it comes: the gateway reports it in its own words.
public final class StreamTranslator: ReplyStream {
    /// Bytes of a single event that are kept until it is whole: some providers put a whole image into one.
    private static let maximumEventBytes = 8 << 20
    private static let maximumHeldBytes = 256 << 10

    private var decoder: any StreamDecoder
    private var encoder: any StreamEncoder
    private let reader: DialectReader
    private var scanner = SSEEventScanner(maximumEventBytes: StreamTranslator.maximumEventBytes)
    private var events: [ReplyEvent] = []
    private var output: [UInt8] = []
    private var choices = ChoiceSet()
    private var finished = ChoiceSet()
    private var fault: StreamFault?

    public private(set) var hasContent = false
    public var hasAnswer: Bool { self.hasContent }
    public var isBetweenEvents: Bool { true }
    /// The last usage that the provider told.
    public private(set) var usage: TokenUsage?
    public private(set) var sawDone = false
    public private(set) var sawError = false
    public private(set) var finish = FinishReason.none

    public var terms: UsageTerms { self.decoder.terms }

    /// What the provider has counted of the prompt so far: all that is known of a stream that is cut.
    public var promptUsage: TokenUsage? { self.decoder.promptUsage }

    /// The stream of `context`'s provider for its front door.
    public convenience init(_ context: TranslationContext, reader: DialectReader) {
        self.init(Self.decoder(context), Self.encoder(context), reader: reader)
    }

    private static func decoder(_ context: TranslationContext) -> any StreamDecoder {
        context.row.speaksAnthropic ? AnthropicStreamDecoder(context) : OpenAIStreamDecoder(context)
    }

    private static func encoder(_ context: TranslationContext) -> any StreamEncoder {
        switch context.endpoint {
        case .messages, .countTokens: AnthropicStreamEncoder(context)
        case .completions: CompletionStreamEncoder(context)
        case .chatCompletions, .embeddings, .moderations, .imageGenerations: OpenAIStreamEncoder(context)
        }
    }

    init(_ decoder: any StreamDecoder, _ encoder: any StreamEncoder, reader: DialectReader) {
        self.decoder = decoder
        self.encoder = encoder
        self.reader = reader
    }

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. The bytes are
    /// valid inside the call only.
    public func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        if let fault = self.fault { throw fault }
        var offset = 0
        steps: while true {
            switch unsafe self.scanner.next(in: piece, from: &offset) {
            case .needsMore: break steps
            case .oversized, .oversizedEnd: unsafe try self.fail(.invalidResponse, release)
            case .event(let event):
                let fault = unsafe self.scanner.withBytes(of: event, in: piece) { [reader] raw in
                    unsafe Self.decode(raw, &self.decoder, reader, &self.events)
                }
                if let fault { unsafe try self.fail(fault, release) }
                unsafe try self.take(release)
            }
        }
        unsafe self.flush(release)
    }

    /// Ends the stream; an event that only lacks its blank line still counts.
    public func finish(_ release: (UnsafeRawBufferPointer) -> Void) throws(StreamFault)
        -> ReplyStreamEnd
    {
        if let fault = self.fault { throw fault }
        let rest = self.scanner.finish()
        let fault = unsafe rest.withUnsafeBytes { rest -> StreamFault? in
            guard unsafe !rest.isEmpty else { return nil }
            return unsafe Self.decode(rest, &self.decoder, self.reader, &self.events)
        }
        // Half of an event is no fault of its own: that the stream was cut says the end.
        if fault == nil { unsafe try self.take(release) }
        unsafe self.flush(release)
        guard self.hasContent else { return .noContent }
        let isFinished = self.finish != .none && self.finished.isSuperset(of: self.choices)
        return self.sawDone || isFinished ? .complete : .truncated
    }

    /// Writes what ends a stream that is complete.
    public func conclude(
        usage: TokenUsage?, isEstimated: Bool, _ release: (UnsafeRawBufferPointer) -> Void
    ) {
        self.encoder.end(usage: usage, isEstimated: isEstimated, into: &self.output)
        unsafe self.flush(release)
    }

    private static func decode(
        _ raw: UnsafeRawBufferPointer, _ decoder: inout any StreamDecoder, _ reader: DialectReader,
        _ events: inout [ReplyEvent]
    ) -> StreamFault? {
        do throws(StreamFault) {
            unsafe try decoder.decode(raw, with: reader, into: &events)
            return nil
        } catch {
            return error
        }
    }

    private func take(_ release: (UnsafeRawBufferPointer) -> Void) throws(StreamFault) {
        defer { self.events.removeAll(keepingCapacity: true) }
        for event in self.events {
            guard !self.sawDone else { return }
            switch event {
            case .error(let error):
                self.sawError = true
                unsafe try self.fail(.provider(error), release)
            case .done:
                self.sawDone = true
                continue
            case .usage(let usage, _): self.usage = usage
            case .finish(let choice, let finish):
                self.finish = finish.reason
                self.choices.insert(Int64(choice))
                self.finished.insert(Int64(choice))
            case .text(let choice, _), .refusal(let choice, _), .thinking(let choice, _),
                .toolCall(let choice, _, _, _):
                self.choices.insert(Int64(choice))
            default: break
            }
            self.hasContent = self.hasContent || event.isContent
            self.encoder.encode(event, into: &self.output)
        }
        if self.output.count > Self.maximumHeldBytes { self.hasContent = true }
    }

    /// What came before the fault still goes out, where anything has.
    private func fail(
        _ fault: StreamFault, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        self.fault = fault
        unsafe self.flush(release)
        throw fault
    }

    private func flush(_ release: (UnsafeRawBufferPointer) -> Void) {
        guard self.hasContent, !self.output.isEmpty else { return }
        unsafe self.output.withUnsafeBytes { unsafe release($0) }
        self.output.removeAll(keepingCapacity: self.output.capacity <= 4096)
    }
}
