internal import Domain
internal import JSON

/// Reads the `messages` of a chat request into turns. Pure; one for each request.
struct OpenAIMessageReader {
    private let unsupported: Unsupported
    private var turns: [Turn] = []
    /// The last message was a tool's: the next one of a tool goes into the same turn.
    private var isBehindTools = false
    /// The last call in the old style, which has no id: its result comes by the function's name.
    private var functionCall: (name: [UInt8], id: [UInt8])?
    private var functionCalls = 0

    init(_ unsupported: Unsupported) {
        self.unsupported = unsupported
    }

    /// The turns, in order. Results of tools that follow one another are parts of one turn of the user's.
    mutating func turns(_ messages: [JSONValue]) throws(GatewayError) -> [Turn] {
        self.turns.reserveCapacity(messages.count)
        for (index, value) in messages.enumerated() {
            let message = try RequestObject(value, path: "messages[\(index)]")
            let role = try message.requiredString("role")
            if JSONName.equals(role, "tool") {
                try self.addResult(try self.toolResult(message))
                continue
            }
            if JSONName.equals(role, "function") {
                try self.addResult(try self.functionResult(message))
                continue
            }
            self.isBehindTools = false
            self.turns.append(try self.turn(role, message))
        }
        return self.turns
    }

    private mutating func turn(_ role: [UInt8], _ message: RequestObject) throws(GatewayError) -> Turn {
        let name = try message.string("name")
        if JSONName.equals(role, "user") {
            return Turn(.user, try self.content(message, .user), name: name)
        }
        if JSONName.equals(role, "assistant") { return Turn(.assistant, try self.answer(message), name: name) }
        guard JSONName.equals(role, "system") || JSONName.equals(role, "developer") else {
            throw RequestFault.invalidWord(
                message.path("role"), role,
                supported: ["system", "assistant", "user", "function", "tool", "developer"])
        }
        return Turn(.system, try self.content(message, .text), name: name)
    }

    /// The content of a message that must have some.
    private func content(_ message: RequestObject, _ kinds: OpenAIPartReader.Kinds) throws(GatewayError) -> [Part] {
        guard message.value("content") != nil else { throw RequestFault.missing(message.path("content")) }
        return try OpenAIPartReader.parts(message, kinds)
    }

    // MARK: Answers

    private mutating func answer(_ message: RequestObject) throws(GatewayError) -> [Part] {
        var parts = try OpenAIThoughtReader.parts(message)
        parts += try OpenAIPartReader.parts(message, .answer)
        if let refusal = try message.string("refusal"), !refusal.isEmpty { parts.append(.refusal(refusal)) }
        if message.value("audio") != nil { try self.unsupported.member(message.path("audio")) }
        for (index, value) in (try message.array("tool_calls") ?? []).enumerated() {
            parts.append(try self.call(value, "\(message.path("tool_calls"))[\(index)]"))
        }
        if let call = try message.object("function_call") {
            let id = Array("call_function_\(self.functionCalls)".utf8)
            self.functionCalls &+= 1
            let name = try call.requiredString("name")
            self.functionCall = (name, id)
            parts.append(.toolCall(ToolCall(id: id, name: name, arguments: try call.string("arguments") ?? [])))
        }
        if parts.isEmpty, message.value("content") == nil {
            throw RequestFault.error(
                "missing_required_parameter",
                "Missing required parameter: '\(message.path("content"))', which only a message with 'tool_calls' can do without.",
                message.path("content"))
        }
        return parts
    }

    private func call(_ value: JSONValue, _ path: String) throws(GatewayError) -> Part {
        let call = try RequestObject(value, path: path)
        let id = try call.requiredString("id")
        if let type = try call.string("type"), !JSONName.equals(type, "function") {
            return .opaque(value)
        }
        let function = try call.requiredObject("function")
        return .toolCall(
            ToolCall(
                id: id, name: try function.requiredString("name"), arguments: try function.string("arguments") ?? [],
                cacheMark: try OpenAIPartReader.cacheMark(call)))
    }

    // MARK: Results

    private mutating func addResult(_ result: ToolResult) throws(GatewayError) {
        if self.isBehindTools, var turn = self.turns.popLast() {
            turn.parts.append(.toolResult(result))
            self.turns.append(turn)
        } else {
            self.turns.append(Turn(.user, [.toolResult(result)]))
        }
        self.isBehindTools = true
    }

    private func toolResult(_ message: RequestObject) throws(GatewayError) -> ToolResult {
        let id = try message.requiredString("tool_call_id")
        var parts = try self.content(message, .result)
        // A mark on the message is one on the whole result, not on its last part.
        let mark = try OpenAIPartReader.cacheMark(message)
        if mark != nil { OpenAIPartReader.mark(&parts, nil) }
        return ToolResult(id: id, parts: parts, cacheMark: mark)
    }

    private func functionResult(_ message: RequestObject) throws(GatewayError) -> ToolResult {
        let name = try message.requiredString("name")
        guard let call = self.functionCall, call.name == name else {
            throw RequestFault.invalidValue(
                message.path("role"),
                "messages with role 'function' must follow an assistant message whose 'function_call' has the same name."
            )
        }
        return ToolResult(id: call.id, parts: try OpenAIPartReader.parts(message, .text))
    }
}
