/// Reads Anthropic's stream events. Pure.
struct AnthropicStreamDecoder: StreamDecoder {
    init(_ context: TranslationContext) {}

    mutating func decode(
        _ raw: UnsafeRawBufferPointer, with reader: DialectReader, into events: inout [ReplyEvent]
    ) throws(StreamFault) {}
}
