public import Domain

/// A provider's stream on its way to the client: passed as it is, or translated. One face for what drives it.
public enum ReplyStream {
    case openAI(OpenAIStreamFilter)
    case anthropic(AnthropicStreamFilter)
    case translated(StreamTranslator)

    /// The stream for `context`; `askedForUsage`: Sluice, not the client, asked for the usage chunk.
    public init(_ context: TranslationContext, askedForUsage: Bool, reader: DialectReader) {
        switch context.passage {
        case .openAI: self = .openAI(OpenAIStreamFilter(reader: reader.openAI, askedForUsage: askedForUsage))
        case .anthropic: self = .anthropic(AnthropicStreamFilter(reader: reader))
        case .translated:
            self = .translated(
                StreamTranslator(Self.decoder(context), Self.encoder(context), reader: reader))
        }
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

    // MARK: What was seen

    /// Something was released, and the status with it.
    public var hasContent: Bool {
        switch self {
        case .openAI(let filter): filter.hasContent
        case .anthropic(let filter): filter.hasContent
        case .translated(let translator): translator.hasContent
        }
    }

    /// Something of the answer came: `hasContent` alone may also be an error.
    public var sawContent: Bool {
        switch self {
        case .openAI(let filter): filter.sawContent || (filter.hasContent && !filter.sawError)
        case .anthropic(let filter): filter.sawContent || (filter.hasContent && !filter.sawError)
        case .translated(let translator): translator.hasContent
        }
    }

    /// The provider has said that nothing follows.
    public var sawDone: Bool {
        switch self {
        case .openAI(let filter): filter.sawDone
        case .anthropic(let filter): filter.sawDone
        case .translated(let translator): translator.sawDone
        }
    }

    /// The provider has sent an error.
    public var sawError: Bool {
        switch self {
        case .openAI(let filter): filter.sawError
        case .anthropic(let filter): filter.sawError
        case .translated(let translator): translator.sawError
        }
    }

    /// The last usage that the provider told.
    public var usage: TokenUsage? {
        switch self {
        case .openAI(let filter): filter.usage
        case .anthropic(let filter): filter.usage
        case .translated(let translator): translator.usage
        }
    }

    /// What the provider has counted of the prompt before the stream ends, without any output; nil where it counts at the end
    /// only.
    public var promptUsage: TokenUsage? {
        switch self {
        case .openAI: nil
        case .anthropic(let filter): filter.promptUsage
        case .translated(let translator): translator.promptUsage
        }
    }

    /// The last reason for finishing that came.
    public var finish: FinishReason {
        switch self {
        case .openAI(let filter): filter.finish
        case .anthropic(let filter): filter.finish
        case .translated(let translator): translator.finish
        }
    }

    /// Whether what was released ends between two events; else two line feeds must precede what the gateway adds.
    public var isBetweenEvents: Bool {
        switch self {
        case .openAI(let filter): filter.isBetweenEvents
        case .anthropic(let filter): filter.isBetweenEvents
        case .translated: true
        }
    }

    // MARK: Bytes

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. The bytes are
    /// valid inside the call only.
    public mutating func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {
        switch consume self {
        case .openAI(var filter):
            defer { self = .openAI(filter) }
            unsafe try filter.feed(piece, release)
        case .anthropic(var filter):
            defer { self = .anthropic(filter) }
            unsafe try filter.feed(piece, release)
        case .translated(var translator):
            defer { self = .translated(translator) }
            unsafe try translator.feed(piece, release)
        }
    }

    /// Ends the stream; an event that only lacks its blank line still counts.
    public mutating func finish(_ release: (UnsafeRawBufferPointer) -> Void) throws(StreamFault)
        -> ReplyStream.End
    {
        switch consume self {
        case .openAI(var filter):
            defer { self = .openAI(filter) }
            return unsafe filter.finish(release)
        case .anthropic(var filter):
            defer { self = .anthropic(filter) }
            return unsafe filter.finish(release)
        case .translated(var translator):
            defer { self = .translated(translator) }
            return unsafe try translator.finish(release)
        }
    }

    /// Writes what ends a stream that is complete, where it is the gateway's to write: `usage` is what it cost, estimated
    /// where the provider did not say.
    public mutating func conclude(
        usage: TokenUsage?, isEstimated: Bool, _ release: (UnsafeRawBufferPointer) -> Void
    ) {
        guard case .translated(var translator) = self else { return }
        unsafe translator.conclude(usage: usage, isEstimated: isEstimated, release)
        self = .translated(translator)
    }
}
