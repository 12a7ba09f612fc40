public import Domain
internal import JSON

/// Turns a provider's whole reply into what a front door's clients expect. Pure.
public enum ReplyTranslator {
    /// Reads a reply whose status says success.
    ///
    /// Throws `provider` for an error inside it, `invalidResponse` for what is no reply of the dialect.
    public static func read(
        _ body: [UInt8], _ context: TranslationContext, reader: DialectReader
    ) throws(StreamFault) -> Reply {
        guard context.row.speaksAnthropic else {
            return try OpenAIReplyFamilyReader.read(body, context, reader: reader)
        }
        guard let tree = try? reader.trees.read(body, maximumBytes: body.count) else { throw .invalidResponse }
        return try AnthropicReplyReader.read(tree, context)
    }

    /// The reply as the front door's clients expect it; `usage` is what it cost, estimated where the provider did not say.
    public static func write(
        _ reply: Reply, usage: TokenUsage?, isEstimated: Bool, _ context: TranslationContext
    ) -> [UInt8] {
        switch context.endpoint {
        case .messages, .countTokens:
            AnthropicReplyWriter.write(reply, usage: usage, isEstimated: isEstimated, context)
        case .completions: CompletionReplyWriter.write(reply, usage: usage, isEstimated: isEstimated, context)
        case .chatCompletions, .embeddings, .moderations, .imageGenerations:
            OpenAIReplyWriter.write(reply, usage: usage, isEstimated: isEstimated, context)
        }
    }
}
