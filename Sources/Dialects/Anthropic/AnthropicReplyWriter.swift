internal import Domain
internal import JSON

/// Writes whole replies as Anthropic's clients expect them. Pure.
enum AnthropicReplyWriter {
    /// The message: the first choice of the reply, the only one this front door knows.
    static func write(
        _ reply: Reply, usage: TokenUsage?, isEstimated: Bool, _ context: TranslationContext
    ) -> [UInt8] {
        let choice = reply.choices.min { $0.index < $1.index } ?? ReplyChoice()
        var writer = JSONWriter()
        var hasToolCalls = false
        var hasRefusal = false
        writer.beginObject()
        self.writeHead(id: AnthropicName.message(reply.id, context.nonce), model: reply.model, into: &writer)
        writer.key("content")
        writer.beginArray()
        var calls = 0
        for part in choice.parts {
            switch part {
            case .text(let text):
                if !text.text.isEmpty { self.writeText(text.text, text.citations, into: &writer) }
            case .refusal(let text):
                guard !text.isEmpty else { continue }
                hasRefusal = true
                self.writeText(text, nil, into: &writer)
            case .thinking(let part):
                guard !part.text.isEmpty || !part.signature.isEmpty else { continue }
                self.writeThinking(part.text, signature: part.signature, into: &writer)
            case .redactedThinking(let data): self.writeRedactedThinking(data, into: &writer)
            case .toolCall(let call):
                hasToolCalls = true
                let id = call.id.isEmpty ? ToolCallID.made(calls, context.nonce) : call.id
                calls += 1
                self.writeToolUse(
                    id: id, name: call.name, input: AnthropicToolInput.object(call.arguments), into: &writer)
            // Nothing a model writes, or nothing that Anthropic's clients know.
            case .image, .document, .audio, .toolResult, .opaque: break
            }
        }
        writer.endArray()
        let word = AnthropicFinish.word(choice.finish, hasToolCalls: hasToolCalls, hasRefusal: hasRefusal)
        self.writeStop(word, choice.finish, into: &writer)
        writer.key("usage")
        AnthropicUsageWriter.write(usage ?? reply.usage, isEstimated: isEstimated, into: &writer)
        writer.endObject()
        return writer.bytes
    }

    // MARK: Members of a message

    static func writeHead(id: [UInt8], model: [UInt8], into writer: inout JSONWriter) {
        writer.key("id")
        writer.string(id)
        writer.key("type")
        writer.string("message")
        writer.key("role")
        writer.string("assistant")
        writer.key("model")
        writer.string(model)
    }

    /// `word` is nil while the message goes on.
    static func writeStop(_ word: StaticString?, _ finish: ReplyFinish?, into writer: inout JSONWriter) {
        writer.key("stop_reason")
        if let word {
            unsafe writer.string(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        } else {
            writer.null()
        }
        writer.key("stop_sequence")
        if let stopSequence = finish?.stopSequence { writer.string(stopSequence) } else { writer.null() }
    }

    // MARK: Blocks

    static func writeText(_ text: [UInt8], _ citations: JSONValue?, into writer: inout JSONWriter) {
        self.begin("text", into: &writer)
        writer.key("text")
        writer.string(text)
        if let citations {
            writer.key("citations")
            writer.value(citations)
        }
        writer.endObject()
    }

    static func writeThinking(_ text: [UInt8], signature: [UInt8], into writer: inout JSONWriter) {
        self.begin("thinking", into: &writer)
        writer.key("thinking")
        writer.string(text)
        writer.key("signature")
        writer.string(signature)
        writer.endObject()
    }

    static func writeRedactedThinking(_ data: [UInt8], into writer: inout JSONWriter) {
        self.begin("redacted_thinking", into: &writer)
        writer.key("data")
        writer.string(data)
        writer.endObject()
    }

    /// `input` is JSON.
    static func writeToolUse(id: [UInt8], name: [UInt8], input: [UInt8], into writer: inout JSONWriter) {
        self.begin("tool_use", into: &writer)
        writer.key("id")
        writer.string(id)
        writer.key("name")
        writer.string(name)
        writer.key("input")
        writer.raw(input)
        writer.endObject()
    }

    private static func begin(_ type: String, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.string(type)
    }
}
