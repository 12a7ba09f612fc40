internal import Domain
internal import JSON

/// The tools of a request to Anthropic and which of them the model has to call. Pure.
///
/// An answer in JSON that the model has no format for is a tool, too: see `AnthropicJSONTool`.
struct AnthropicTools {
    private enum Tool {
        case function(ToolDefinition.Function)
        case opaque(JSONValue)
        /// One that occurs in the conversation and is no longer there.
        case past([UInt8])
        case json(schema: JSONValue, description: [UInt8]?)
    }

    private enum Choice {
        case auto, any, none
        case tool([UInt8])
        case json
    }

    private var tools: [Tool] = []
    private var choice: Choice?
    private var isParallel: Bool?
    private let model: AnthropicModel
    /// `output_config.format`'s schema, where the model has such a thing.
    private(set) var formatSchema: JSONValue?

    init(
        _ conversation: Conversation, _ model: AnthropicModel, thinks: Bool, _ context: TranslationContext
    ) throws(GatewayError) {
        self.model = model
        for (index, tool) in conversation.tools.enumerated() {
            switch tool {
            case .function(let function): self.tools.append(.function(function))
            case .opaque(let value) where context.endpoint.isAnthropic: self.tools.append(.opaque(value))
            case .opaque: try Unsupported(context).member("tools[\(index)]")
            }
        }
        if !self.tools.isEmpty {
            self.choose(conversation.toolChoice)
            self.isParallel = conversation.allowsParallelCalls
        } else if let names = Self.pastCalls(conversation.turns) {
            // Anthropic refuses calls and results in a conversation without tools.
            self.tools = names.map { .past($0) }
            self.choice = Choice.none
        }
        self.format(conversation.format, thinks: thinks)
    }

    private mutating func choose(_ choice: ToolChoice?) {
        switch choice {
        case .auto?: self.choice = .auto
        case ToolChoice.none?: self.choice = Choice.none
        case .required?: self.choice = .any
        case .named(let name)?: self.choice = .tool(name)
        case nil: break
        }
    }

    /// The names of the tools that were called, each once; nil where there were none.
    private static func pastCalls(_ turns: [Turn]) -> [[UInt8]]? {
        var names: [[UInt8]] = []
        var seen: Set<[UInt8]> = []
        for turn in turns {
            for case .toolCall(let call) in turn.parts where seen.insert(call.name).inserted {
                names.append(call.name)
            }
        }
        return names.isEmpty ? nil : names
    }

    // MARK: Answers in JSON

    private mutating func format(_ format: ResponseFormat, thinks: Bool) {
        switch format {
        case .text: break
        case .jsonObject: self.demandJSON(schema: AnthropicSchema.input(nil), description: nil, thinks: thinks)
        case .schema(_, let description, let schema, _):
            if self.model.hasFormats, schema["type"] != nil || schema["anyOf"] != nil || schema["$ref"] != nil,
                let fitted = AnthropicSchema.fitted(schema)
            {
                self.formatSchema = fitted
            } else {
                self.demandJSON(schema: AnthropicSchema.input(schema), description: description, thinks: thinks)
            }
        }
    }

    /// Beside other tools the model may still call those first; where it has to call one, there is no answer to be in JSON yet.
    private mutating func demandJSON(schema: JSONValue, description: [UInt8]?, thinks: Bool) {
        let jsonChoice: Choice
        switch self.choice {
        case .any?, .tool?: return
        case .auto?: jsonChoice = .any
        case nil: jsonChoice = self.tools.isEmpty ? .json : .any
        case Choice.none?, .json?: jsonChoice = .json
        }
        self.tools.append(.json(schema: schema, description: description))
        // Thinking and a forced call exclude each other: then only the description asks for it.
        self.choice = thinks ? .auto : jsonChoice
    }

    // MARK: Writing

    /// `tools` and `tool_choice`, where there are any.
    func write(into writer: inout JSONWriter) {
        guard !self.tools.isEmpty else { return }
        writer.key("tools")
        writer.beginArray()
        for tool in self.tools { self.write(tool, into: &writer) }
        writer.endArray()
        self.writeChoice(into: &writer)
    }

    private func write(_ tool: Tool, into writer: inout JSONWriter) {
        switch tool {
        case .opaque(let value): writer.value(value)
        case .function(let function): self.write(function, into: &writer)
        case .past(let name):
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            writer.key("input_schema")
            writer.value(AnthropicSchema.input(nil))
            writer.endObject()
        case .json(let schema, let description):
            writer.beginObject()
            writer.key("name")
            writer.string("\(AnthropicJSONTool.name)")
            writer.key("description")
            writer.string(
                Array("Answer with this tool only: its input is the whole answer, as JSON.".utf8)
                    + (description.map { [0x20] + $0 } ?? []))
            writer.key("input_schema")
            writer.value(schema)
            writer.endObject()
        }
    }

    private func write(_ function: ToolDefinition.Function, into writer: inout JSONWriter) {
        // A schema that cannot be kept to exactly is told all the same.
        let strict = function.isStrict == true ? function.parameters.flatMap(AnthropicSchema.fitted) : nil
        writer.beginObject()
        writer.key("name")
        writer.string(function.name)
        if let description = function.description {
            writer.key("description")
            writer.string(description)
        }
        writer.key("input_schema")
        if self.model.hasFormats, let strict {
            writer.value(AnthropicSchema.input(strict))
            writer.key("strict")
            writer.bool(true)
        } else {
            writer.value(AnthropicSchema.input(function.parameters))
        }
        for member in function.extras { writer.member(member) }
        if let mark = function.cacheMark { mark.write(into: &writer) }
        writer.endObject()
    }

    private func writeChoice(into writer: inout JSONWriter) {
        let forbidsParallel = self.isParallel == false
        guard let choice = self.choice ?? (forbidsParallel ? .auto : nil) else { return }
        writer.key("tool_choice")
        writer.beginObject()
        writer.key("type")
        var takesParallel = true
        switch choice {
        case .auto: writer.string("auto")
        case .any: writer.string("any")
        case .none:
            writer.string("none")
            takesParallel = false
        case .tool(let name):
            writer.string("tool")
            writer.key("name")
            writer.string(name)
        case .json:
            writer.string("tool")
            writer.key("name")
            writer.string("\(AnthropicJSONTool.name)")
        }
        if forbidsParallel && takesParallel {
            writer.key("disable_parallel_tool_use")
            writer.bool(true)
        }
        writer.endObject()
    }
}
