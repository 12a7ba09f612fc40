/// What a client asked a provider to do.
public enum Endpoint: UInt8, Hashable, Sendable, CaseIterable {
    case chatCompletions = 0
    case embeddings = 1

    /// The path after a provider's base URL.
    public var path: String {
        switch self {
        case .chatCompletions: "/chat/completions"
        case .embeddings: "/embeddings"
        }
    }

    /// The label in metrics and logs.
    public var label: String {
        switch self {
        case .chatCompletions: "chat_completions"
        case .embeddings: "embeddings"
        }
    }
}
