internal import Domain
internal import JSON

/// Reads Anthropic's whole replies into the middle. Pure.
enum AnthropicReplyReader {
    /// Reads a message.
    ///
    /// Throws `provider` for an error, `invalidResponse` for anything else.
    static func read(_ tree: JSONValue, _ context: TranslationContext) throws(StreamFault) -> Reply {
        guard case .object(let members) = tree else { throw .invalidResponse }
        let says = tree["error"]
        guard says == nil || says == .null else {
            throw .provider(ProviderErrorReader.read(tree, context.row).error)
        }
        guard let blocks = tree["content"]?.array else { throw .invalidResponse }
        var reply = Reply(id: tree["id"]?.string ?? [], model: tree["model"]?.string ?? [])
        var usage = AnthropicUsage()
        reply.usageExtras = usage.read(tree["usage"])
        reply.usage = usage.classes
        reply.terms = usage.terms
        reply.extras = members.filter { $0.value != .null && Self.isExtra($0.key) }

        var choice = ReplyChoice()
        var hasAnswer = false
        for block in blocks {
            guard let part = Self.part(block) else { continue }
            if case .toolCall(let call) = part, AnthropicJSONTool.isName(call.name) {
                hasAnswer = true
                choice.parts.append(.text(TextPart(call.arguments)))
            } else {
                choice.parts.append(part)
            }
        }
        if let explanation = tree["stop_details"]?["explanation"]?.string, !explanation.isEmpty {
            choice.parts.append(.refusal(explanation))
        }
        choice.finish = AnthropicFinish.read(
            tree["stop_reason"]?.string ?? [], stopSequence: tree["stop_sequence"]?.string)
        let hasCalls = choice.parts.contains { if case .toolCall = $0 { true } else { false } }
        if choice.finish.reason == .toolCalls, hasAnswer, !hasCalls { choice.finish = ReplyFinish(.stop) }
        reply.choices = [choice]
        return reply
    }

    /// nil for a block that says nothing.
    private static func part(_ block: JSONValue) -> Part? {
        guard let type = block["type"]?.string else { return nil }
        switch String(decoding: type, as: UTF8.self) {
        case "text":
            let citations = block["citations"].flatMap { $0.array?.isEmpty == false ? $0 : nil }
            return .text(TextPart(block["text"]?.string ?? [], citations: citations))
        case "thinking":
            let signature = block["signature"]?.string ?? []
            return .thinking(ThinkingPart(block["thinking"]?.string ?? [], signature: signature))
        case "redacted_thinking":
            return .redactedThinking(block["data"]?.string ?? [])
        case "tool_use":
            return .toolCall(
                ToolCall(
                    id: block["id"]?.string ?? [], name: block["name"]?.string ?? [],
                    arguments: Self.arguments(block["input"])))
        default:
            // Tools of the provider's own, what they gave, and what came later than this program.
            return .opaque(block)
        }
    }

    private static func arguments(_ input: JSONValue?) -> [UInt8] {
        guard let input, case .object = input else { return Array("{}".utf8) }
        var writer = JSONWriter()
        writer.value(input)
        return writer.bytes
    }

    private static func isExtra(_ key: [UInt8]) -> Bool {
        JSONName.equals(key, "container") || JSONName.equals(key, "context_management")
    }
}
