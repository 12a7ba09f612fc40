internal import Domain
internal import JSON

/// Reads which tools a chat request offers and which of them the model may call, in the new words and the old. Pure.
enum OpenAIToolReader {
    static func read(_ request: RequestObject, into conversation: inout Conversation) throws(GatewayError) {
        for (index, value) in (try request.array("tools") ?? []).enumerated() {
            conversation.tools.append(try self.tool(value, "tools[\(index)]"))
        }
        for (index, value) in (try request.array("functions") ?? []).enumerated() {
            let function = try RequestObject(value, path: "functions[\(index)]")
            conversation.tools.append(.function(try self.function(function, nil)))
        }
        conversation.allowsParallelCalls = try request.bool("parallel_tool_calls")
        if request.value("tool_choice") != nil {
            try self.readChoice(request, into: &conversation)
        } else if let choice = request.value("function_call") {
            if case .object = choice {
                let named = try RequestObject(choice, path: "function_call")
                conversation.toolChoice = .named(try named.requiredString("name"))
            } else {
                conversation.toolChoice = try self.word(choice, "function_call", ["none", "auto"])
            }
        }
    }

    private static func tool(_ value: JSONValue, _ path: String) throws(GatewayError) -> ToolDefinition {
        let tool = try RequestObject(value, path: path)
        // Old clients leave the type out.
        if let type = try tool.string("type"), !JSONName.equals(type, "function") { return .opaque(value) }
        return .function(
            try self.function(try tool.requiredObject("function"), try OpenAIPartReader.cacheMark(tool)))
    }

    private static func function(
        _ function: RequestObject, _ mark: CacheMark?
    ) throws(GatewayError) -> ToolDefinition.Function {
        // Old-style functions and some clients have it inside.
        let inner = try OpenAIPartReader.cacheMark(function)
        return ToolDefinition.Function(
            name: try function.requiredString("name"), description: try function.string("description"),
            parameters: try function.object("parameters").map { .object($0.members) },
            isStrict: try function.bool("strict"), cacheMark: mark ?? inner)
    }

    // MARK: Choice

    private static func readChoice(
        _ request: RequestObject, into conversation: inout Conversation
    ) throws(GatewayError) {
        guard let value = request.value("tool_choice") else { return }
        guard case .object = value else {
            conversation.toolChoice = try self.word(value, "tool_choice", ["none", "auto", "required"])
            return
        }
        let choice = try RequestObject(value, path: "tool_choice")
        let type = try choice.requiredString("type")
        if JSONName.equals(type, "function") {
            conversation.toolChoice = .named(try choice.requiredObject("function").requiredString("name"))
        } else if JSONName.equals(type, "allowed_tools") {
            try self.readAllowed(try choice.requiredObject("allowed_tools"), into: &conversation)
        } else {
            throw RequestFault.invalidWord("tool_choice.type", type, supported: ["function", "allowed_tools"])
        }
    }

    /// Only some of the tools may be called: the others are not offered at all.
    private static func readAllowed(
        _ allowed: RequestObject, into conversation: inout Conversation
    ) throws(GatewayError) {
        let mode = JSONValue.string(try allowed.requiredString("mode"))
        conversation.toolChoice = try self.word(mode, allowed.path("mode"), ["auto", "required"])
        var names: Set<[UInt8]> = []
        for (index, value) in (try allowed.requiredArray("tools")).enumerated() {
            let tool = try RequestObject(value, path: "\(allowed.path("tools"))[\(index)]")
            names.insert(try tool.requiredObject("function").requiredString("name"))
        }
        conversation.tools.removeAll { tool in
            guard case .function(let function) = tool else { return true }
            return !names.contains(function.name)
        }
    }

    private static func word(
        _ value: JSONValue, _ path: String, _ supported: [String]
    ) throws(GatewayError) -> ToolChoice {
        guard case .string(let word) = value else {
            throw RequestFault.invalidType(path, expected: "one of a string or an object", got: value)
        }
        guard supported.contains(where: { $0.utf8.elementsEqual(word) }) else {
            throw RequestFault.invalidWord(path, word, supported: supported)
        }
        if JSONName.equals(word, "none") { return .none }
        return JSONName.equals(word, "auto") ? .auto : .required
    }
}
