internal import Domain
internal import JSON

/// Writes a conversation as a chat request for one provider of OpenAI's family. Pure.
///
/// What the row says about messages is kept here; its rules on top-level members are applied behind it, to the bytes.
struct OpenAIRequestWriter {
    private let context: TranslationContext
    private let unsupported: Unsupported
    private var row: ProviderRow { self.context.row }

    init(_ context: TranslationContext) {
        self.context = context
        self.unsupported = Unsupported(context)
    }

    /// Throws, with the path of the member, for what the provider cannot do. Images must already be what it takes.
    func write(_ conversation: Conversation) throws(GatewayError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("model")
        writer.string(conversation.model)
        var messages = OpenAIMessageWriter(conversation, self.context, writer)
        writer = try messages.write()
        try self.writeTools(conversation, &writer)
        try self.writeFormat(conversation.format, &writer)
        try self.writeSampling(conversation.sampling, &writer)
        self.writeBounds(conversation, &writer)
        if let reasoning = conversation.reasoning { self.writeReasoning(reasoning, &writer) }
        try self.writeExtras(conversation.extras, &writer)
        writer.endObject()
        return writer.bytes
    }

    // MARK: Tools

    private func writeTools(_ conversation: Conversation, _ writer: inout JSONWriter) throws(GatewayError) {
        var functions: [ToolDefinition.Function] = []
        for (index, tool) in conversation.tools.enumerated() {
            switch tool {
            case .function(let function): functions.append(function)
            case .opaque:
                try self.unsupported.member(self.context.endpoint.isAnthropic ? "tools.\(index)" : "tools[\(index)]")
            }
        }
        // A choice without tools is an error to OpenAI.
        guard !functions.isEmpty else { return }
        writer.key("tools")
        writer.beginArray()
        for function in functions { self.writeFunction(function, &writer) }
        writer.endArray()
        if let choice = conversation.toolChoice {
            writer.key("tool_choice")
            switch choice {
            case .auto: writer.string("auto")
            case .none: writer.string("none")
            case .required: writer.string("required")
            case .named(let name):
                writer.beginObject()
                writer.key("type")
                writer.string("function")
                writer.key("function")
                writer.beginObject()
                writer.key("name")
                writer.string(name)
                writer.endObject()
                writer.endObject()
            }
        }
        if let parallel = conversation.allowsParallelCalls {
            writer.key("parallel_tool_calls")
            writer.bool(parallel)
        }
    }

    private func writeFunction(_ function: ToolDefinition.Function, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.string("function")
        writer.key("function")
        writer.beginObject()
        writer.key("name")
        writer.string(function.name)
        if let description = function.description {
            writer.key("description")
            writer.string(description)
        }
        writer.key("parameters")
        if let parameters = function.parameters {
            writer.value(parameters)
        } else {
            writer.raw(Array(#"{"type":"object","properties":{}}"#.utf8))
        }
        if let isStrict = function.isStrict, self.keeps(isStrict, function.parameters) {
            writer.key("strict")
            writer.bool(isStrict)
        }
        writer.endObject()
        if self.row.takesCacheMarks { OpenAIMessageWriter.writeMark(function.cacheMark, &writer) }
        writer.endObject()
    }

    /// Anthropic's strict schemas may have optional members, and OpenAI's not: there one is told without the word.
    private func keeps(_ isStrict: Bool, _ schema: JSONValue?) -> Bool {
        guard isStrict, self.context.endpoint.isAnthropic else { return true }
        return schema.map(OpenAIStrictSchema.takes) ?? true
    }

    // MARK: Format and sampling

    private func writeFormat(_ format: ResponseFormat, _ writer: inout JSONWriter) throws(GatewayError) {
        var format = format
        if case .schema = format, !self.row.takesSchemas {
            try self.unsupported.member(
                self.context.endpoint.isAnthropic ? "output_config.format" : "response_format",
                hint:
                    "It can answer with JSON, but not keep to a schema; with `drop_unsupported: true` JSON is asked for."
            )
            format = .jsonObject
        }
        if case .text = format { return }
        writer.key("response_format")
        writer.beginObject()
        writer.key("type")
        if case .schema(let name, let description, let schema, let isStrict) = format {
            writer.string("json_schema")
            writer.key("json_schema")
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            if let description {
                writer.key("description")
                writer.string(description)
            }
            writer.key("schema")
            writer.value(schema)
            if let isStrict, self.keeps(isStrict, schema) {
                writer.key("strict")
                writer.bool(isStrict)
            }
            writer.endObject()
        } else {
            writer.string("json_object")
        }
        writer.endObject()
    }

    private func writeSampling(_ sampling: Sampling, _ writer: inout JSONWriter) throws(GatewayError) {
        self.write("temperature", sampling.temperature, &writer)
        self.write("top_p", sampling.topP, &writer)
        if let topK = sampling.topK {
            if self.row.takesTopK {
                self.write("top_k", topK, &writer)
            } else {
                try self.unsupported.member("top_k")
            }
        }
        self.write("seed", sampling.seed, &writer)
        self.write("presence_penalty", sampling.presencePenalty, &writer)
        self.write("frequency_penalty", sampling.frequencyPenalty, &writer)
        if let logprobs = sampling.logprobs {
            writer.key("logprobs")
            writer.bool(logprobs)
        }
        self.write("top_logprobs", sampling.topLogprobs, &writer)
    }

    private func writeBounds(_ conversation: Conversation, _ writer: inout JSONWriter) {
        switch self.row.outputLimit {
        case .maxTokens: self.write("max_tokens", conversation.maximumOutput, &writer)
        case .maxCompletionTokens: self.write("max_completion_tokens", conversation.maximumOutput, &writer)
        }
        if !conversation.stop.isEmpty {
            writer.key("stop")
            writer.beginArray()
            for text in conversation.stop { writer.string(text) }
            writer.endArray()
        }
        if conversation.choices != 1 { self.write("n", conversation.choices, &writer) }
        if conversation.isStream {
            writer.key("stream")
            writer.bool(true)
            if self.row.streamUsage == .whenAsked {
                writer.key("stream_options")
                writer.raw(Array(#"{"include_usage":true}"#.utf8))
            }
        }
        // Anthropic's clients send long ones, Claude Code some 150 bytes; OpenAI refuses more than 64, and it is a mere label.
        if let user = conversation.user, !self.context.endpoint.isAnthropic || user.count <= 64 {
            writer.key("user")
            writer.string(user)
        }
    }

    private func write(_ key: StaticString, _ value: Double?, _ writer: inout JSONWriter) {
        guard let value else { return }
        writer.key(key)
        // 1.0 came as 1 from most clients.
        if let whole = Int64(exactly: value) { writer.integer(whole) } else { writer.number(value) }
    }

    private func write(_ key: StaticString, _ value: Int64?, _ writer: inout JSONWriter) {
        guard let value else { return }
        writer.key(key)
        writer.integer(value)
    }

    // MARK: Reasoning

    private func writeReasoning(_ reasoning: ReasoningRequest, _ writer: inout JSONWriter) {
        switch self.row.effortForm {
        case .effort: self.writeEffort(reasoning, &writer)
        case .thinkingSwitch:
            if let amount = reasoning.amount {
                writer.key("thinking")
                writer.raw(Array((amount == .off ? #"{"type":"disabled"}"# : #"{"type":"enabled"}"#).utf8))
            }
            self.writeEffort(reasoning, &writer)
        case .reasoningObject:
            writer.key("reasoning")
            writer.beginObject()
            if case .budget(let tokens) = reasoning.amount {
                self.write("max_tokens", tokens, &writer)
            } else if let effort = reasoning.effort, reasoning.amount != .off {
                writer.key("effort")
                writer.string(effort)
            } else {
                writer.key("enabled")
                writer.bool(reasoning.amount != .off)
            }
            writer.endObject()
        }
    }

    /// A budget of tokens in words: those from which Anthropic's budgets are made in the other direction. Nothing for what has
    /// no word that every model takes: thoughts that are off, or as many as the model finds right.
    private func writeEffort(_ reasoning: ReasoningRequest, _ writer: inout JSONWriter) {
        var effort = reasoning.effort
        if effort == nil, case .budget(let tokens) = reasoning.amount {
            effort = Array((tokens <= 1024 ? "low" : tokens <= 2048 ? "medium" : "high").utf8)
        }
        guard let effort, reasoning.amount != .off else { return }
        writer.key("reasoning_effort")
        writer.string(effort)
    }

    // MARK: Extras

    /// Members of Anthropic's without which an answer is the same.
    private static let housekeeping: [StaticString] = [
        "metadata", "service_tier", "inference_geo", "cache_control", "betas", "anthropic_version",
    ]

    private func writeExtras(_ extras: [JSONValue.Member], _ writer: inout JSONWriter) throws(GatewayError) {
        for extra in extras {
            guard self.context.endpoint.isAnthropic else {
                writer.member(extra)
                continue
            }
            if JSONName.isOne(extra.key, of: Self.housekeeping) { continue }
            if extra.value == .array([]) || extra.value == .object([]) || extra.value == .null { continue }
            try self.unsupported.member(RequestFault.excerpt(extra.key))
        }
    }
}
