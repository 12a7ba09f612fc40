internal import Domain

/// Anthropic's `stop_reason` and ours.
enum AnthropicFinish {
    /// `stopSequence` is the text that was met, where it says so.
    static func read(_ word: [UInt8], stopSequence: [UInt8]?) -> ReplyFinish {
        switch String(decoding: word, as: UTF8.self) {
        case "end_turn": ReplyFinish(.stop)
        case "stop_sequence": ReplyFinish(.stop, stopSequence: stopSequence)
        case "max_tokens", "model_context_window_exceeded": ReplyFinish(.length)
        case "tool_use": ReplyFinish(.toolCalls)
        case "refusal": ReplyFinish(.contentFilter)
        // The model is not ready, but the reply is: the client is to send it back.
        case "pause_turn": ReplyFinish(.stop, word: word)
        default: ReplyFinish(.other, word: word)
        }
    }

    /// The word for a reply; a text that was cut off or refused is that before it is anything else.
    static func word(_ finish: ReplyFinish?, hasToolCalls: Bool, hasRefusal: Bool) -> StaticString {
        switch finish?.reason {
        case .length: "max_tokens"
        case .contentFilter: "refusal"
        case _ where hasRefusal: "refusal"
        case _ where hasToolCalls: "tool_use"
        case _ where finish?.stopSequence != nil: "stop_sequence"
        default: "end_turn"
        }
    }
}
