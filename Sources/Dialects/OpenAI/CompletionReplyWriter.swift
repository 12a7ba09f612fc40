internal import Domain
internal import JSON

/// Writes whole replies as old completions, which are text and nothing else. Pure.
enum CompletionReplyWriter {
    static func write(
        _ reply: Reply, usage: TokenUsage?, isEstimated: Bool, _ context: TranslationContext
    ) -> [UInt8] {
        OpenAIReplyWriter.write(
            reply, object: "text_completion", usage: usage, isEstimated: isEstimated, context
        ) { choice, writer in
            let message = ReplyMessage(choice.parts)
            writer.key("text")
            writer.string(message.text + message.refusal)
            writer.key("index")
            writer.integer(choice.index)
        }
    }
}
