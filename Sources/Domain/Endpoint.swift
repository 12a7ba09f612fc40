/// What a client asked a provider to do, and in whose words: each of them is a front door of its own.
public enum Endpoint: UInt8, Hashable, Sendable, CaseIterable {
    case chatCompletions = 0
    case embeddings = 1
    /// Anthropic's `/v1/messages`.
    case messages = 2
    /// Anthropic's `/v1/messages/count_tokens`.
    case countTokens = 3
    /// OpenAI's old `/v1/completions`.
    case completions = 4
    case moderations = 5
    case imageGenerations = 6

    /// The path after the base URL of a provider that speaks the endpoint's own dialect.
    public var path: String {
        switch self {
        case .chatCompletions: "/chat/completions"
        case .embeddings: "/embeddings"
        case .messages: "/messages"
        case .countTokens: "/messages/count_tokens"
        case .completions: "/completions"
        case .moderations: "/moderations"
        case .imageGenerations: "/images/generations"
        }
    }

    /// The label in metrics and logs.
    public var label: String {
        switch self {
        case .chatCompletions: "chat_completions"
        case .embeddings: "embeddings"
        case .messages: "messages"
        case .countTokens: "count_tokens"
        case .completions: "completions"
        case .moderations: "moderations"
        case .imageGenerations: "image_generations"
        }
    }

    /// Its clients expect Anthropic's shapes, headers and errors; all others OpenAI's.
    public var isAnthropic: Bool { self == .messages || self == .countTokens }

    /// A model writes text for it, whose length the client may limit.
    public var generatesText: Bool { self == .chatCompletions || self == .messages || self == .completions }

    /// Its reply may be a stream of events.
    public var mayStream: Bool { self.generatesText }
}
