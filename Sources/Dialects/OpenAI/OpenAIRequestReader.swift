internal import Domain
internal import JSON

/// Reads a request at `/v1/chat/completions` into the middle. Pure.
///
/// Beside OpenAI's own members it takes what LiteLLM's clients send for Anthropic's models: `thinking`, `thinking_blocks`,
/// `cache_control` and `top_k`; and OpenRouter's `reasoning`. Members it does not know are kept in `extras`.
enum OpenAIRequestReader {
    /// Throws the client's fault with the path of the member.
    static func read(_ body: JSONValue, _ context: TranslationContext) throws(GatewayError) -> Conversation {
        let request = try RequestObject(body, path: "")
        var conversation = Conversation(model: try request.requiredString("model"))
        var messages = OpenAIMessageReader(Unsupported(context))
        conversation.turns = try messages.turns(try request.requiredArray("messages"))
        try OpenAIToolReader.read(request, into: &conversation)
        conversation.format = try self.format(request)
        conversation.sampling = try self.sampling(request)
        try self.readBounds(request, into: &conversation)
        conversation.reasoning = try OpenAIReasoningReader.read(request)
        conversation.extras = request.members.others(than: self.known)
        return conversation
    }

    private static let known: [StaticString] = [
        "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call",
        "response_format", "temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty", "logprobs",
        "top_logprobs", "max_tokens", "max_completion_tokens", "stop", "n", "stream", "stream_options", "user",
        "reasoning_effort", "thinking", "reasoning",
    ]

    // MARK: What completions have too

    /// How the next token is chosen, but for `logprobs`, which is another thing in old-style completions.
    static func commonSampling(_ request: RequestObject) throws(GatewayError) -> Sampling {
        Sampling(
            temperature: try request.number("temperature"), topP: try request.number("top_p"),
            topK: try request.integer("top_k"), seed: try request.integer("seed"),
            presencePenalty: try request.number("presence_penalty"),
            frequencyPenalty: try request.number("frequency_penalty"))
    }

    /// How much is wanted, in which way, and for whom.
    static func readBounds(_ request: RequestObject, into conversation: inout Conversation) throws(GatewayError) {
        let old = try self.positive(request, "max_tokens")
        conversation.maximumOutput = try self.positive(request, "max_completion_tokens") ?? old
        conversation.choices = try self.positive(request, "n") ?? 1
        conversation.stop = try self.stop(request)
        conversation.isStream = try request.bool("stream") ?? false
        conversation.wantsUsage = try request.object("stream_options")?.bool("include_usage") ?? false
        conversation.user = try request.string("user")
    }

    private static func positive(_ request: RequestObject, _ key: StaticString) throws(GatewayError) -> Int64? {
        guard let value = try request.integer(key) else { return nil }
        guard value >= 1 else {
            throw RequestFault.error(
                "integer_below_min_value",
                "Invalid '\(key)': integer below minimum value. Expected a value >= 1, but got \(value) instead.",
                "\(key)")
        }
        return value
    }

    private static func stop(_ request: RequestObject) throws(GatewayError) -> [[UInt8]] {
        switch request.value("stop") {
        case nil: return []
        case .string(let text): return [text]
        case .array(let elements):
            var texts: [[UInt8]] = []
            for (index, element) in elements.enumerated() {
                guard let text = element.string else {
                    throw RequestFault.invalidType("stop[\(index)]", expected: "a string", got: element)
                }
                texts.append(text)
            }
            return texts
        case let other?:
            throw RequestFault.invalidType("stop", expected: "a string or an array of strings", got: other)
        }
    }

    // MARK: Chats only

    private static func sampling(_ request: RequestObject) throws(GatewayError) -> Sampling {
        var sampling = try self.commonSampling(request)
        sampling.logprobs = try request.bool("logprobs")
        sampling.topLogprobs = try request.integer("top_logprobs")
        return sampling
    }

    private static func format(_ request: RequestObject) throws(GatewayError) -> ResponseFormat {
        guard let format = try request.object("response_format") else { return .text }
        let type = try format.requiredString("type")
        if JSONName.equals(type, "text") { return .text }
        if JSONName.equals(type, "json_object") { return .jsonObject }
        guard JSONName.equals(type, "json_schema") else {
            throw RequestFault.invalidWord(
                format.path("type"), type, supported: ["text", "json_object", "json_schema"])
        }
        let schema = try format.requiredObject("json_schema")
        // A schema may be left out; then any object will do.
        let tree = try schema.object("schema").map { JSONValue.object($0.members) }
        return .schema(
            name: try schema.requiredString("name"), description: try schema.string("description"),
            schema: tree ?? .object([]), isStrict: try schema.bool("strict"))
    }
}
