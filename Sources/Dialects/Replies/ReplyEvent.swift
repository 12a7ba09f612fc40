public import Domain

/// What happens in a streamed reply, in no provider's words and in the order it came. Texts are UTF-8, unescaped.
///
/// Choices are numbered as the provider numbers them, tool calls of a choice from 0 in the order they begin.
public enum ReplyEvent: Hashable, Sendable {
    /// The reply's name, model and time (Unix seconds). May come more than once: what was learned first stays.
    case begin(id: [UInt8], model: [UInt8], created: Int64?)
    case text(choice: Int, [UInt8])
    case refusal(choice: Int, [UInt8])
    case thinking(choice: Int, [UInt8])
    /// Ends the thoughts so far.
    case signature(choice: Int, [UInt8])
    case redactedThinking(choice: Int, [UInt8])
    /// Of the text before it, one citation in Anthropic's shape: a JSON text.
    case citation(choice: Int, [UInt8])
    /// The id is never empty, but for the one call of OpenAI's legacy `function_call`, which has none.
    case toolCall(choice: Int, index: Int, id: [UInt8], name: [UInt8])
    /// The next piece of that call's arguments.
    case arguments(choice: Int, index: Int, [UInt8])
    /// Probabilities of the tokens of the text before or after it: a JSON text.
    case logprobs(choice: Int, [UInt8])
    /// A further member of the choice's delta, as the provider names it.
    case extra(choice: Int, RawMember)
    /// A further member of the choice itself, beside its delta.
    case choiceExtra(choice: Int, RawMember)
    /// A further member of the chunk.
    case topExtra(RawMember)
    case finish(choice: Int, ReplyFinish)
    /// The tokens so far, all of them: the last one counts. `extras` are members that no token class has.
    case usage(TokenUsage, extras: [RawMember])
    /// The provider has failed in the middle: the stream is over.
    case error(GatewayError)
    /// The provider says that nothing follows.
    case done

    /// Whether a client that gets this has got something of the answer: from here on no other provider can give it.
    var isContent: Bool {
        switch self {
        case .text(_, let bytes), .refusal(_, let bytes), .thinking(_, let bytes), .signature(_, let bytes),
            .redactedThinking(_, let bytes):
            !bytes.isEmpty
        case .citation, .toolCall, .arguments, .logprobs, .finish: true
        case .begin, .extra, .choiceExtra, .topExtra, .usage, .error, .done: false
        }
    }
}
