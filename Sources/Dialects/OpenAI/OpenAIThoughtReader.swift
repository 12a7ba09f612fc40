internal import Domain
internal import JSON

/// Reads what a client gives back of an assistant's thoughts: `thinking_blocks` as Anthropic signed them, or the plain text of
/// `reasoning_content` (`reasoning` with some clients), which no provider but its own can check. Pure.
enum OpenAIThoughtReader {
    static func parts(_ message: RequestObject) throws(GatewayError) -> [Part] {
        let blocks = try message.array("thinking_blocks") ?? []
        guard !blocks.isEmpty else {
            for key: StaticString in ["reasoning_content", "reasoning"] {
                if let text = message.value(key)?.string, !text.isEmpty { return [.thinking(ThinkingPart(text))] }
            }
            return []
        }
        var parts: [Part] = []
        for (index, value) in blocks.enumerated() {
            let block = try RequestObject(value, path: "\(message.path("thinking_blocks"))[\(index)]")
            let type = try block.requiredString("type")
            if JSONName.equals(type, "thinking") {
                parts.append(
                    .thinking(
                        ThinkingPart(
                            try block.requiredString("thinking"), signature: try block.string("signature") ?? [])))
            } else if JSONName.equals(type, "redacted_thinking") {
                parts.append(.redactedThinking(try block.requiredString("data")))
            } else {
                throw RequestFault.invalidWord(
                    block.path("type"), type, supported: ["thinking", "redacted_thinking"])
            }
        }
        return parts
    }
}
