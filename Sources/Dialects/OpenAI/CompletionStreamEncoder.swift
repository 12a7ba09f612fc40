internal import Domain

/// Writes chunks of the old completions. Pure.
struct CompletionStreamEncoder: StreamEncoder {
    init(_ context: TranslationContext) {}

    mutating func encode(_ event: ReplyEvent, into output: inout [UInt8]) {}

    mutating func end(usage: TokenUsage?, isEstimated: Bool, into output: inout [UInt8]) {}
}
