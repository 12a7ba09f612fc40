/// How a provider's stream ended.
public enum ReplyStreamEnd: Hashable, Sendable {
    /// As its dialect ends streams, with a finish reason of each choice seen, or with an error event of the provider's.
    case complete
    /// Without any of them.
    case truncated
    /// Before any content; nothing was released.
    case noContent
}
