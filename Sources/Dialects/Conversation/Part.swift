public import JSON

/// A piece of a message.
public enum Part: Hashable, Sendable {
    case text(TextPart)
    case image(ImagePart)
    case document(DocumentPart)
    case audio(AudioPart)
    case toolCall(ToolCall)
    case toolResult(ToolResult)
    /// What a model thought, signed by its provider: it must be replayed unchanged, or not at all.
    case thinking(ThinkingPart)
    /// Thoughts that only the provider can read: base64.
    case redactedThinking([UInt8])
    /// The model has declined.
    case refusal([UInt8])
    /// What only the dialect it came in knows, whole: server tools and their results, search results.
    case opaque(JSONValue)
}
