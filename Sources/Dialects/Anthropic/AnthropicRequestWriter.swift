internal import Domain
internal import JSON

/// Writes a conversation as a body for Anthropic's `/v1/messages`. Pure but for the reader it shares with its loop.
enum AnthropicRequestWriter {
    /// Throws the client's fault: what Anthropic cannot do, arguments of a call that are no JSON object.
    static func write(
        _ conversation: Conversation, _ context: TranslationContext, reader: DialectReader
    ) throws(GatewayError) -> [UInt8] {
        let model = AnthropicModel(conversation.model)
        let arranged = try AnthropicMessages(conversation, model, context)
        let thinking = try AnthropicThinking(conversation, model, context)
        let sampling = try AnthropicSampling(conversation, model, thinks: thinking.isOn, context)
        let tools = try AnthropicTools(conversation, model, thinks: thinking.isOn, context)
        let extras = try AnthropicExtras(conversation, context)
        let stop = try self.stop(conversation, context)
        let blocks = AnthropicBlockWriter(
            paths: RequestPath(conversation, context), turns: conversation.turns, reader: reader)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("model")
        writer.string(conversation.model)
        if context.endpoint != .countTokens {
            writer.key("max_tokens")
            writer.integer(thinking.maximumOutput)
        }
        if !arranged.system.isEmpty {
            writer.key("system")
            try blocks.system(arranged.system, into: &writer)
        }
        writer.key("messages")
        writer.beginArray()
        for message in arranged.messages { try blocks.message(message, into: &writer) }
        writer.endArray()
        tools.write(into: &writer)
        self.write(thinking, into: &writer)
        self.writeOutput(thinking.effort, tools.formatSchema, extras.output, into: &writer)
        sampling.write(into: &writer)
        if !stop.isEmpty {
            writer.key("stop_sequences")
            writer.beginArray()
            for text in stop { writer.string(text) }
            writer.endArray()
        }
        self.writeMetadata(self.user(conversation, extras, context), extras.metadata, into: &writer)
        for member in extras.members { writer.member(member) }
        if conversation.isStream {
            writer.key("stream")
            writer.bool(true)
        }
        writer.endObject()
        return writer.bytes
    }

    /// Anthropic refuses stop texts of blanks alone.
    private static func stop(
        _ conversation: Conversation, _ context: TranslationContext
    ) throws(GatewayError) -> [[UInt8]] {
        let taken = conversation.stop.filter { !AnthropicMessages.isBlank($0) }
        if taken.count != conversation.stop.count {
            try Unsupported(context).member(
                context.endpoint.isAnthropic ? "stop_sequences" : "stop",
                hint: "It takes no blanks alone; `drop_unsupported: true` leaves these out.")
        }
        return taken
    }

    /// Anthropic refuses addresses and numbers of persons as the caller's user, and more than 256 characters. At OpenAI's doors the
    /// user is a mere label, so there such a one is left out.
    private static func user(
        _ conversation: Conversation, _ extras: AnthropicExtras, _ context: TranslationContext
    ) -> [UInt8]? {
        guard let user = conversation.user ?? extras.user else { return nil }
        guard !context.endpoint.isAnthropic else { return user }
        let isAddress = user.contains(UInt8(ascii: "@"))
        let isNumber =
            user.count >= 7
            && user.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x20, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: ")"): true
                default: false
                }
            }
        return user.isEmpty || user.count > 256 || isAddress || isNumber ? nil : user
    }

    private static func write(_ thinking: AnthropicThinking, into writer: inout JSONWriter) {
        guard thinking.mode != .absent else { return }
        writer.key("thinking")
        writer.beginObject()
        writer.key("type")
        switch thinking.mode {
        case .absent, .disabled: writer.string("disabled")
        case .adaptive: writer.string("adaptive")
        case .enabled(let budget):
            writer.string("enabled")
            writer.key("budget_tokens")
            writer.integer(budget)
        }
        if let display = thinking.display {
            writer.key("display")
            writer.string(display)
        }
        writer.endObject()
    }

    private static func writeOutput(
        _ effort: [UInt8]?, _ schema: JSONValue?, _ rest: [JSONValue.Member], into writer: inout JSONWriter
    ) {
        guard effort != nil || schema != nil || !rest.isEmpty else { return }
        // What a client says in Anthropic's own words counts.
        let hasEffort = rest.contains { JSONName.equals($0.key, "effort") }
        let hasFormat = rest.contains { JSONName.equals($0.key, "format") }
        writer.key("output_config")
        writer.beginObject()
        if let effort, !hasEffort {
            writer.key("effort")
            writer.string(effort)
        }
        if let schema, !hasFormat {
            writer.key("format")
            writer.beginObject()
            writer.key("type")
            writer.string("json_schema")
            writer.key("schema")
            writer.value(schema)
            writer.endObject()
        }
        for member in rest { writer.member(member) }
        writer.endObject()
    }

    private static func writeMetadata(
        _ user: [UInt8]?, _ rest: [JSONValue.Member], into writer: inout JSONWriter
    ) {
        guard user != nil || !rest.isEmpty else { return }
        writer.key("metadata")
        writer.beginObject()
        if let user {
            writer.key("user_id")
            writer.string(user)
        }
        for member in rest { writer.member(member) }
        writer.endObject()
    }
}
