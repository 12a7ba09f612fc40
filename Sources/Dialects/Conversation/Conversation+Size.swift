internal import JSON

extension Conversation {
    /// How many bytes of prompt it is, for an estimate of its tokens: the texts, and for what is not text as many as its tokens
    /// would have as text.
    var promptBytes: Int {
        var bytes = 0
        func visit(_ parts: [Part]) {
            for part in parts {
                switch part {
                case .text(let text): bytes &+= text.text.count
                case .refusal(let text): bytes &+= text.count
                case .thinking(let thinking): bytes &+= thinking.text.count
                // About 1,600 tokens, whatever its size: Anthropic scales big ones down.
                case .image: bytes &+= 6_400
                case .document(let document):
                    switch document.source {
                    case .text(let text): bytes &+= text.count
                    // Mostly a PDF: its pages cost about as much as its bytes tell.
                    case .base64(_, let data): bytes &+= data.count / 8
                    case .url, .file: bytes &+= 6_400
                    }
                case .audio(let audio): bytes &+= audio.data.count / 16
                case .toolCall(let call): bytes &+= call.name.count &+ call.arguments.count
                case .toolResult(let result): visit(result.parts)
                case .opaque(let value): bytes &+= Conversation.bytes(value)
                case .redactedThinking: break
                }
            }
            // The frame of a message.
            bytes &+= 16
        }
        for turn in self.turns { visit(turn.parts) }
        for tool in self.tools {
            switch tool {
            case .function(let function):
                bytes &+= function.name.count &+ (function.description?.count ?? 0) &+ 32
                if let parameters = function.parameters { bytes &+= Conversation.bytes(parameters) }
            case .opaque(let value): bytes &+= Conversation.bytes(value)
            }
        }
        return bytes
    }

    private static func bytes(_ value: JSONValue) -> Int {
        var writer = JSONWriter()
        writer.value(value)
        return writer.bytes.count
    }
}
