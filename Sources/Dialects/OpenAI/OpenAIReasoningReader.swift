internal import Domain
internal import JSON

/// Reads how much a model is to think, in whichever of three manners the client says it: OpenAI's `reasoning_effort`, Anthropic's
/// `thinking`, OpenRouter's `reasoning`. Pure.
enum OpenAIReasoningReader {
    private static let efforts: [StaticString] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]

    /// nil where the client says nothing. Of two that say the same thing the later in the list above counts.
    static func read(_ request: RequestObject) throws(GatewayError) -> ReasoningRequest? {
        var reasoning = ReasoningRequest()
        reasoning.effort = try self.effort(request, "reasoning_effort")
        if let thinking = try request.object("thinking") { try self.read(thinking: thinking, into: &reasoning) }
        if let object = try request.object("reasoning") { try self.read(object: object, into: &reasoning) }
        return reasoning == ReasoningRequest() ? nil : reasoning
    }

    private static func effort(_ object: RequestObject, _ key: StaticString) throws(GatewayError) -> [UInt8]? {
        guard let effort = try object.string(key) else { return nil }
        guard JSONName.isOne(effort, of: self.efforts) else {
            throw RequestFault.invalidWord(object.path(key), effort, supported: self.efforts.map { "\($0)" })
        }
        return effort
    }

    private static func read(
        thinking: RequestObject, into reasoning: inout ReasoningRequest
    ) throws(GatewayError) {
        let type = try thinking.requiredString("type")
        if JSONName.equals(type, "enabled") {
            reasoning.amount = try thinking.integer("budget_tokens").map { .budget($0) } ?? .adaptive
        } else if JSONName.equals(type, "adaptive") {
            reasoning.amount = .adaptive
        } else if JSONName.equals(type, "disabled") {
            reasoning.amount = .off
        } else {
            throw RequestFault.invalidWord(
                thinking.path("type"), type, supported: ["enabled", "adaptive", "disabled"])
        }
        reasoning.display = try thinking.string("display")
    }

    /// `max_tokens`, `effort` or `enabled`.
    private static func read(object: RequestObject, into reasoning: inout ReasoningRequest) throws(GatewayError) {
        if let effort = try self.effort(object, "effort") { reasoning.effort = effort }
        if let tokens = try object.integer("max_tokens") {
            reasoning.amount = .budget(tokens)
        } else if let isOn = try object.bool("enabled") {
            reasoning.amount = isOn ? .adaptive : .off
        }
    }
}
