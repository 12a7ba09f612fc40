internal import Domain
internal import JSON

/// Reads the body of `/v1/messages` and `/v1/messages/count_tokens` into the middle. Pure.
///
/// What only Anthropic knows is kept: blocks and tools whole (`opaque`), members of the body in `extras`.
enum AnthropicRequestReader {
    /// The members that have a place of their own in the middle; all others are `extras`.
    private static let known: [StaticString] = [
        "model", "messages", "system", "tools", "tool_choice", "max_tokens", "temperature", "top_p", "top_k",
        "stop_sequences", "stream", "thinking", "output_config", "output_format", "metadata",
    ]

    /// Throws the client's fault, in Anthropic's words.
    static func read(_ body: JSONValue, _ context: TranslationContext) throws(GatewayError) -> Conversation {
        let object = try AnthropicObject(body, path: "")
        let counts = context.endpoint == .countTokens
        var conversation = Conversation(model: try object.requiredString("model"))
        conversation.maximumOutput = try object.integer("max_tokens", atLeast: 1)
        if conversation.maximumOutput == nil && !counts { throw AnthropicFault.missing("max_tokens") }
        conversation.turns = try self.turns(object)
        conversation.tools = try self.tools(object)
        try self.readToolChoice(object, into: &conversation)
        conversation.sampling = Sampling(
            temperature: try object.fraction("temperature"), topP: try object.fraction("top_p"),
            topK: try object.integer("top_k", atLeast: 0))
        conversation.stop = try self.stop(object)
        conversation.isStream = try object.bool("stream") ?? false
        conversation.wantsUsage = true
        conversation.extras = object.members.others(than: self.known)
        try self.readThinking(object, into: &conversation)
        try self.readOutput(object, into: &conversation)
        try self.readMetadata(object, into: &conversation)
        return conversation
    }

    // MARK: Messages

    private static func turns(_ object: AnthropicObject) throws(GatewayError) -> [Turn] {
        guard let messages = try object.array("messages") else { throw AnthropicFault.missing("messages") }
        guard !messages.isEmpty else {
            throw AnthropicFault.invalidValue("messages", "at least one message is required")
        }
        var turns: [Turn] = []
        turns.reserveCapacity(messages.count &+ 1)
        if let system = object.value("system") {
            let parts = try AnthropicContentReader.parts(system, path: "system")
            for (index, part) in parts.enumerated() {
                guard case .text = part else {
                    throw AnthropicFault.invalidValue("system.\(index).type", "Input should be 'text'")
                }
            }
            if !parts.isEmpty { turns.append(Turn(.system, parts)) }
        }
        for (index, value) in messages.enumerated() {
            let message = try AnthropicObject(value, path: "messages.\(index)")
            let role = try self.role(message)
            let parts = try AnthropicContentReader.parts(
                try message.required("content"), path: message.path("content"))
            turns.append(Turn(role, parts))
        }
        return turns
    }

    private static func role(_ message: AnthropicObject) throws(GatewayError) -> Turn.Role {
        let role = try message.requiredString("role")
        if JSONName.equals(role, "user") { return .user }
        if JSONName.equals(role, "assistant") { return .assistant }
        // In the middle of a conversation, as newer models take it.
        if JSONName.equals(role, "system") { return .system }
        throw AnthropicFault.invalidType(message.path("role"), "'user' or 'assistant'")
    }

    // MARK: Tools

    private static func tools(_ object: AnthropicObject) throws(GatewayError) -> [ToolDefinition] {
        var tools: [ToolDefinition] = []
        for (index, value) in (try object.array("tools") ?? []).enumerated() {
            let tool = try AnthropicObject(value, path: "tools.\(index)")
            let type = try tool.string("type")
            guard type.map({ JSONName.equals($0, "custom") }) ?? true else {
                tools.append(.opaque(value))
                continue
            }
            let schema = try AnthropicObject(try tool.required("input_schema"), path: tool.path("input_schema"))
            tools.append(
                .function(
                    ToolDefinition.Function(
                        name: try tool.requiredString("name"), description: try tool.string("description"),
                        parameters: schema.value, isStrict: try tool.bool("strict"), cacheMark: try tool.cacheMark(),
                        extras: tool.members.others(than: [
                            "type", "name", "description", "input_schema", "strict", "cache_control",
                        ]))))
        }
        return tools
    }

    private static func readToolChoice(
        _ object: AnthropicObject, into conversation: inout Conversation
    ) throws(GatewayError) {
        guard let choice = try object.object("tool_choice") else { return }
        let tag = try choice.tag()
        if JSONName.equals(tag, "auto") {
            conversation.toolChoice = .auto
        } else if JSONName.equals(tag, "any") {
            conversation.toolChoice = .required
        } else if JSONName.equals(tag, "none") {
            conversation.toolChoice = ToolChoice.none
        } else if JSONName.equals(tag, "tool") {
            conversation.toolChoice = .named(try choice.requiredString("name"))
        } else {
            throw AnthropicFault.unknownTag("tool_choice", tag, expected: ["any", "auto", "none", "tool"])
        }
        conversation.allowsParallelCalls = try choice.bool("disable_parallel_tool_use").map { !$0 }
    }

    // MARK: Output

    private static func stop(_ object: AnthropicObject) throws(GatewayError) -> [[UInt8]] {
        var stop: [[UInt8]] = []
        for (index, value) in (try object.array("stop_sequences") ?? []).enumerated() {
            guard case .string(let text) = value else {
                throw AnthropicFault.invalidType("stop_sequences.\(index)", "a valid string")
            }
            stop.append(text)
        }
        return stop
    }

    private static func readThinking(
        _ object: AnthropicObject, into conversation: inout Conversation
    ) throws(GatewayError) {
        guard let thinking = try object.object("thinking") else { return }
        let tag = try thinking.tag()
        var reasoning = ReasoningRequest(display: try thinking.string("display"))
        if JSONName.equals(tag, "disabled") {
            reasoning.amount = .off
        } else if JSONName.equals(tag, "adaptive") {
            reasoning.amount = .adaptive
        } else if JSONName.equals(tag, "enabled") {
            guard let budget = try thinking.integer("budget_tokens", atLeast: 1024) else {
                throw AnthropicFault.missing("thinking.budget_tokens")
            }
            // More than max_tokens is right where thoughts come between tool calls.
            reasoning.amount = .budget(budget)
        } else {
            throw AnthropicFault.unknownTag("thinking", tag, expected: ["adaptive", "disabled", "enabled"])
        }
        conversation.reasoning = reasoning
    }

    /// `output_config`, and `output_format` as it was called before.
    private static func readOutput(
        _ object: AnthropicObject, into conversation: inout Conversation
    ) throws(GatewayError) {
        if let format = try object.object("output_format") {
            conversation.format = try self.format(format)
        }
        guard let output = try object.object("output_config") else { return }
        if let effort = try output.string("effort") {
            var reasoning = conversation.reasoning ?? ReasoningRequest()
            reasoning.effort = effort
            conversation.reasoning = reasoning
        }
        if let format = try output.object("format") { conversation.format = try self.format(format) }
        self.keep(output.members.others(than: ["effort", "format"]), as: "output_config", in: &conversation)
    }

    private static func format(_ format: AnthropicObject) throws(GatewayError) -> ResponseFormat {
        let tag = try format.tag()
        guard JSONName.equals(tag, "json_schema") else {
            throw AnthropicFault.unknownTag(format.path, tag, expected: ["json_schema"])
        }
        let schema = try AnthropicObject(try format.required("schema"), path: format.path("schema"))
        return .schema(
            name: try format.string("name") ?? Array("response".utf8), description: nil, schema: schema.value,
            isStrict: true)
    }

    private static func readMetadata(
        _ object: AnthropicObject, into conversation: inout Conversation
    ) throws(GatewayError) {
        guard let metadata = try object.object("metadata") else { return }
        conversation.user = try metadata.string("user_id")
        self.keep(metadata.members.others(than: ["user_id"]), as: "metadata", in: &conversation)
    }

    private static func keep(
        _ members: [JSONValue.Member], as key: StaticString, in conversation: inout Conversation
    ) {
        guard !members.isEmpty else { return }
        conversation.extras.append(JSONValue.Member(key: Array("\(key)".utf8), value: .object(members)))
    }
}
