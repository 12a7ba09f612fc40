public import Domain

/// A provider's stream on its way to the client: passed as it is, or translated. One of them lives as long as its call, on its
/// loop; pure but for the reader it shares with that.
public protocol ReplyStream: AnyObject {
    /// Something was released, and the status with it.
    var hasContent: Bool { get }
    /// Something of the answer came: `hasContent` alone may also be an error.
    var hasAnswer: Bool { get }
    /// The provider has said that nothing follows.
    var sawDone: Bool { get }
    /// The provider has sent an error.
    var sawError: Bool { get }
    /// The last usage that the provider told.
    var usage: TokenUsage? { get }
    /// What else it has said that the cost depends on.
    var terms: UsageTerms { get }
    /// What the provider has counted of the prompt so far: all that is known of a stream that is cut.
    var promptUsage: TokenUsage? { get }
    /// The last reason for finishing that came.
    var finish: FinishReason { get }
    /// Whether what was released ends between two events; else two line feeds must precede what the gateway adds.
    var isBetweenEvents: Bool { get }

    /// Takes the next bytes of the stream and calls `release`, in order, with those that go to the client. The bytes are
    /// valid inside the call only.
    func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault)

    /// Ends the stream; an event that only lacks its blank line still counts.
    func finish(_ release: (UnsafeRawBufferPointer) -> Void) throws(StreamFault) -> ReplyStreamEnd

    /// Writes what ends a stream that is complete, where it is the gateway's to write: `usage` is what it cost, estimated
    /// where the provider did not say.
    func conclude(usage: TokenUsage?, isEstimated: Bool, _ release: (UnsafeRawBufferPointer) -> Void)
}

extension ReplyStream {
    /// What passes ends by itself.
    public func conclude(usage: TokenUsage?, isEstimated: Bool, _ release: (UnsafeRawBufferPointer) -> Void) {}
}

extension TranslationContext {
    /// The provider's stream as the front door's clients get it. `askedForUsage`: Sluice, not the client, asked for the
    /// usage chunk.
    public func stream(askedForUsage: Bool, reader: DialectReader) -> any ReplyStream {
        switch self.passage {
        case .openAI: OpenAIStreamFilter(reader: reader.openAI, askedForUsage: askedForUsage)
        case .anthropic: AnthropicStreamFilter(reader: reader)
        case .translated: StreamTranslator(self, reader: reader)
        }
    }
}
