internal import Domain
internal import JSON

/// Writes whole replies as chat completions. Pure.
enum OpenAIReplyWriter {
    static func write(
        _ reply: Reply, usage: TokenUsage?, isEstimated: Bool, _ context: TranslationContext
    ) -> [UInt8] {
        self.write(reply, object: "chat.completion", usage: usage, isEstimated: isEstimated, context) {
            choice, writer in
            writer.key("index")
            writer.integer(choice.index)
            writer.key("message")
            self.write(message: choice, into: &writer)
        }
    }

    /// What chat and the old completions have in common; `members` writes what a choice begins with.
    static func write(
        _ reply: Reply, object: StaticString, usage: TokenUsage?, isEstimated: Bool, _ context: TranslationContext,
        _ members: (ReplyChoice, inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string(ChunkFrame.name(reply.id, context))
        writer.key("object")
        writer.string(object.description)
        writer.key("created")
        writer.integer(reply.created ?? context.now)
        writer.key("model")
        writer.string(reply.model)
        writer.key("choices")
        writer.beginArray()
        for choice in reply.choices {
            writer.beginObject()
            members(choice, &writer)
            self.write(end: choice, into: &writer)
            writer.endObject()
        }
        writer.endArray()
        if let usage {
            writer.key("usage")
            OpenAIUsageWriter.write(
                usage, extras: reply.usageExtras.map(self.raw), isEstimated: isEstimated, into: &writer)
        }
        for extra in reply.extras { writer.member(extra) }
        writer.endObject()
        return writer.bytes
    }

    private static func raw(_ member: JSONValue.Member) -> RawMember {
        var writer = JSONWriter()
        writer.value(member.value)
        return RawMember(key: member.key, value: writer.bytes)
    }

    private static func write(end choice: ReplyChoice, into writer: inout JSONWriter) {
        writer.key("logprobs")
        writer.value(choice.logprobs ?? .null)
        var finish = choice.finish
        if finish.reason == .none {
            let hasCalls = choice.parts.contains { if case .toolCall = $0 { true } else { false } }
            finish.reason = hasCalls ? .toolCalls : .stop
        }
        var extras = choice.extras.map(self.raw)
        writer.key("finish_reason")
        OpenAIFinish.write(finish, extras: &extras, into: &writer)
        for extra in extras {
            writer.key(extra.key)
            writer.raw(extra.value)
        }
    }

    // MARK: The message

    private static func write(message choice: ReplyChoice, into writer: inout JSONWriter) {
        let message = ReplyMessage(choice.parts)
        writer.beginObject()
        writer.key("role")
        writer.string("assistant")
        writer.key("content")
        if message.text.isEmpty, !message.calls.isEmpty || !message.refusal.isEmpty {
            writer.null()
        } else {
            writer.string(message.text)
        }
        writer.key("refusal")
        if message.refusal.isEmpty { writer.null() } else { writer.string(message.refusal) }
        if !message.thinking.isEmpty {
            writer.key("reasoning_content")
            writer.string(message.thinking)
        }
        self.write("thinking_blocks", message.thinkingBlocks, into: &writer)
        self.write(calls: message.calls, into: &writer)
        self.write("annotations", message.annotations, into: &writer)
        self.write("citations", message.citations, into: &writer)
        for extra in choice.messageExtras { writer.member(extra) }
        writer.endObject()
    }

    private static func write(_ name: StaticString, _ values: [JSONValue], into writer: inout JSONWriter) {
        guard !values.isEmpty else { return }
        writer.key(name)
        writer.value(.array(values))
    }

    /// Calls with ids, and the one of the legacy kind, which has none.
    private static func write(calls: [ToolCall], into writer: inout JSONWriter) {
        let named = calls.filter { !$0.id.isEmpty }
        if !named.isEmpty {
            writer.key("tool_calls")
            writer.beginArray()
            for call in named {
                writer.beginObject()
                writer.key("id")
                writer.string(call.id)
                writer.key("type")
                writer.string("function")
                writer.key("function")
                self.write(function: call, into: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
        if let call = calls.first(where: { $0.id.isEmpty }) {
            writer.key("function_call")
            self.write(function: call, into: &writer)
        }
    }

    private static func write(function call: ToolCall, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(call.name)
        writer.key("arguments")
        // A tool without arguments: what OpenAI writes is JSON, too.
        if call.arguments.isEmpty { writer.string("{}") } else { writer.string(call.arguments) }
        writer.endObject()
    }
}
