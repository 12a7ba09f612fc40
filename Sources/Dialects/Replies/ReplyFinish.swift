public import Domain

/// Why a choice ended.
public struct ReplyFinish: Hashable, Sendable {
    public var reason: FinishReason
    /// The stop text that was met, where the provider says which.
    public var stopSequence: [UInt8]?
    /// The provider's own word, where the reason alone would lose something (such as Anthropic's `pause_turn`).
    public var word: [UInt8]?

    public init(_ reason: FinishReason, stopSequence: [UInt8]? = nil, word: [UInt8]? = nil) {
        self.reason = reason
        self.stopSequence = stopSequence
        self.word = word
    }
}
