internal import JSON

/// The parts of a choice as OpenAI's message has them: all text in one, all thoughts in one.
///
/// What only the provider's dialect knows, such as its own tools at work, is left out.
struct ReplyMessage {
    var text: [UInt8] = []
    var refusal: [UInt8] = []
    var thinking: [UInt8] = []
    /// Blocks that have to be sent back unchanged.
    var thinkingBlocks: [JSONValue] = []
    var calls: [ToolCall] = []
    var annotations: [JSONValue] = []
    /// Citations that no annotation can say.
    var citations: [JSONValue] = []

    init(_ parts: [Part]) {
        var places = CitationAnnotations()
        for part in parts {
            switch part {
            case .text(let part):
                self.text += part.text
                places.beginPart()
                places.take(part.text)
                for citation in part.citations?.array ?? [] {
                    if let annotation = places.annotation(citation) {
                        self.annotations.append(annotation)
                    } else {
                        self.citations.append(citation)
                    }
                }
            case .refusal(let text): self.refusal += text
            case .thinking(let part):
                self.thinking += part.text
                guard !part.signature.isEmpty else { continue }
                self.thinkingBlocks.append(
                    Self.object([
                        ("type", Array("thinking".utf8)), ("thinking", part.text), ("signature", part.signature),
                    ]))
            case .redactedThinking(let data):
                self.thinkingBlocks.append(Self.object([("type", Array("redacted_thinking".utf8)), ("data", data)]))
            case .toolCall(let call): self.calls.append(call)
            case .image, .document, .audio, .toolResult, .opaque: break
            }
        }
    }

    private static func object(_ members: [(String, [UInt8])]) -> JSONValue {
        .object(members.map { JSONValue.Member(key: Array($0.0.utf8), value: .string($0.1)) })
    }
}
