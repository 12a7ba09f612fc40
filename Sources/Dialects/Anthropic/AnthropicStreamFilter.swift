public import Domain

/// Watches Anthropic's stream on its way to a client of Anthropic's: every byte passes, nothing before the first content. Pure
/// but for the reader it shares with its loop.
public struct AnthropicStreamFilter {
    public init(reader: DialectReader) {}

    public private(set) var hasContent = false
    public private(set) var sawContent = false
    public private(set) var usage: TokenUsage?
    public private(set) var sawDone = false
    public private(set) var sawError = false
    public private(set) var finish = FinishReason.none
    public var isBetweenEvents: Bool { true }

    public mutating func feed(
        _ piece: UnsafeRawBufferPointer, _ release: (UnsafeRawBufferPointer) -> Void
    ) throws(StreamFault) {}

    public mutating func finish(_ release: (UnsafeRawBufferPointer) -> Void) -> OpenAIStreamFilter.End { .noContent }
}
