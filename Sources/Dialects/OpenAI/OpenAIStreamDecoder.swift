/// Reads the chunks of OpenAI-like providers, whatever their peculiarities. Pure.
struct OpenAIStreamDecoder: StreamDecoder {
    init(_ context: TranslationContext) {}

    mutating func decode(
        _ raw: UnsafeRawBufferPointer, with reader: DialectReader, into events: inout [ReplyEvent]
    ) throws(StreamFault) {}
}
