internal import Domain

/// Reads the events of one dialect's stream, one after the other, into the middle. Pure.
protocol StreamDecoder {
    /// Appends what `raw` means: the bytes of one whole server-sent event, its blank line included where it came. An error that
    /// the provider reports is an event, too.
    ///
    /// Throws where it is none of the dialect; then nothing was appended.
    mutating func decode(
        _ raw: UnsafeRawBufferPointer, with reader: DialectReader, into events: inout [ReplyEvent]
    ) throws(StreamFault)

    /// What the provider has said, beside its tokens, that the cost depends on.
    var terms: UsageTerms { get }

    /// What the provider has counted of the prompt before the stream ends; nil where it has not.
    var promptUsage: TokenUsage? { get }
}

extension StreamDecoder {
    var promptUsage: TokenUsage? { nil }
}
