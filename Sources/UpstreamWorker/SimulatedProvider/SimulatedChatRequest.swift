internal import Domain
internal import JSON

/// A chat completion request, as far as the simulated provider goes into it.
struct SimulatedChatRequest {
    /// A function the model is to call, with the schema of its arguments.
    struct Call {
        var name: [UInt8]
        var parameters: JSONValue?
    }

    /// What the answer has to look like.
    enum Shape {
        case text
        case jsonObject
        /// JSON that fits the schema.
        case schema(JSONValue)
        case call(Call)
    }

    static let maximumChoices: Int64 = 128
    private static let roles = ["developer", "system", "user", "assistant", "tool", "function"]

    var model: [UInt8]
    var isStream = false
    var includesUsage = false
    var choices = 1
    var maximumTokens: Int?
    var stops: [[UInt8]] = []
    var shape = Shape.text
    /// The last thing a user said.
    var lastPrompt: [UInt8] = []
    var promptTokens = 0
    /// Depends on the model and every message.
    var seed: UInt64

    init(_ body: JSONValue) throws(GatewayError) {
        guard case .object = body else { throw SimulatedFault.invalid("The body must be a JSON object.") }
        guard let model = body["model"]?.string else {
            throw SimulatedFault.invalid("you must provide a model parameter", param: "model")
        }
        self.model = model
        self.seed = SimulatedRandom.hash(model)
        try self.readMessages(body["messages"])
        self.isStream = try Self.flag(body["stream"], "stream")
        if self.isStream {
            self.includesUsage = try Self.flag(body["stream_options"]?["include_usage"], "stream_options")
        }
        self.choices = Int(try Self.number(body["n"], "n", 1...Self.maximumChoices) ?? 1)
        let most: ClosedRange<Int64> = 1...(1 << 31)
        let newer = try Self.number(body["max_completion_tokens"], "max_completion_tokens", most)
        let older = try Self.number(body["max_tokens"], "max_tokens", most)
        self.maximumTokens = (newer ?? older).map { Int($0) }
        try self.readStops(body["stop"])
        try self.readShape(body)
    }

    // MARK: Messages

    private mutating func readMessages(_ messages: JSONValue?) throws(GatewayError) {
        guard let list = messages?.array, !list.isEmpty else {
            throw SimulatedFault.invalid("'messages' must be an array of at least one message.", param: "messages")
        }
        self.promptTokens = 3
        for (index, message) in list.enumerated() {
            guard let role = message["role"]?.string else {
                throw SimulatedFault.invalid("A message needs a 'role'.", param: "messages.[\(index)].role")
            }
            guard Self.roles.contains(where: { role.elementsEqual($0.utf8) }) else {
                throw SimulatedFault.invalid(
                    "Supported values of 'role' are \(Self.roles.joined(separator: ", ")).",
                    param: "messages.[\(index)].role")
            }
            let text = try Self.text(message["content"], index)
            self.promptTokens += 3 + SimulatedTokenizer.count(text)
            self.seed = SimulatedRandom.hash(text, from: SimulatedRandom.hash(role, from: self.seed))
            if role == Array("user".utf8) { self.lastPrompt = text }
        }
    }

    /// Text parts joined; other parts count as their type's name.
    private static func text(_ content: JSONValue?, _ index: Int) throws(GatewayError) -> [UInt8] {
        switch content {
        case nil, .null: return []
        case .string(let text): return text
        case .array(let parts):
            var text: [UInt8] = []
            for part in parts {
                guard let type = part["type"]?.string else { continue }
                if !text.isEmpty { text.append(0x20) }
                text += part["text"]?.string ?? type
            }
            return text
        default:
            throw SimulatedFault.invalid(
                "'content' must be a string or an array of parts.", param: "messages.[\(index)].content")
        }
    }

    // MARK: Options

    private static func flag(_ value: JSONValue?, _ name: String) throws(GatewayError) -> Bool {
        switch value {
        case nil, .null: return false
        case .bool(let flag): return flag
        default: throw SimulatedFault.invalid("'\(name)' must be true or false.", param: name)
        }
    }

    private static func number(
        _ value: JSONValue?, _ name: String, _ range: ClosedRange<Int64>
    ) throws(GatewayError) -> Int64? {
        switch value {
        case nil, .null: return nil
        case .integer(let number) where range.contains(number): return number
        default:
            throw SimulatedFault.invalid(
                "'\(name)' must be an integer from \(range.lowerBound) to \(range.upperBound).", param: name)
        }
    }

    private mutating func readStops(_ value: JSONValue?) throws(GatewayError) {
        switch value {
        case nil, .null: return
        case .string(let stop): self.stops = [stop]
        case .array(let list) where list.count <= 4 && list.allSatisfy({ $0.string != nil }):
            self.stops = list.compactMap(\.string)
        default: throw SimulatedFault.invalid("'stop' must be a string or up to four of them.", param: "stop")
        }
        self.stops.removeAll(where: \.isEmpty)
    }

    // MARK: Tools

    private mutating func readShape(_ body: JSONValue) throws(GatewayError) {
        var offered: [Call] = []
        for (index, tool) in (body["tools"]?.array ?? []).enumerated() {
            guard let name = tool["function"]?["name"]?.string else {
                throw SimulatedFault.invalid(
                    "A tool needs a function with a name.", param: "tools[\(index)].function.name")
            }
            offered.append(Call(name: name, parameters: tool["function"]?["parameters"]))
            self.promptTokens +=
                4 + SimulatedTokenizer.count(name)
                + SimulatedTokenizer.count(tool["function"]?["description"]?.string ?? [])
        }
        if let call = try self.chosenCall(body, offered) {
            self.shape = .call(call)
            return
        }
        switch body["response_format"]?["type"]?.string.map({ String(decoding: $0, as: UTF8.self) }) {
        case "json_object": self.shape = .jsonObject
        case "json_schema":
            self.shape = body["response_format"]?["json_schema"]?["schema"].map(Shape.schema) ?? .jsonObject
        default: self.shape = .text
        }
    }

    /// The tool named in `tool_choice`, else the first one offered; none where that is asked for, or once a tool has
    /// answered.
    private func chosenCall(_ body: JSONValue, _ offered: [Call]) throws(GatewayError) -> Call? {
        guard !offered.isEmpty else { return nil }
        if let name = body["tool_choice"]?["function"]?["name"]?.string {
            guard let named = offered.first(where: { $0.name == name }) else {
                throw SimulatedFault.invalid("'tool_choice' names a tool that is not offered.", param: "tool_choice")
            }
            return named
        }
        let choice = body["tool_choice"]?.string
        guard choice != Array("none".utf8) else { return nil }
        let answered = body["messages"]?.array?.last?["role"]?.string == Array("tool".utf8)
        return answered && choice != Array("required".utf8) ? nil : offered[0]
    }
}
