/// The members of a request body by which Sluice routes, limits and meters.
///
/// What was authorised has to be what is sent, so each may occur once and may not be spelled with escapes: two JSON
/// readers could otherwise see two different requests.
public enum RoutingMember: UInt8, Hashable, Sendable, CaseIterable {
    case model, stream, temperature, n, user, input, messages, tools
    case streamOptions, maxTokens, maxCompletionTokens
    /// `include_usage` inside `stream_options`.
    case includeUsage

    /// The key as the protocol spells it.
    public var name: StaticString {
        switch self {
        case .model: "model"
        case .stream: "stream"
        case .temperature: "temperature"
        case .n: "n"
        case .user: "user"
        case .input: "input"
        case .messages: "messages"
        case .tools: "tools"
        case .streamOptions: "stream_options"
        case .maxTokens: "max_tokens"
        case .maxCompletionTokens: "max_completion_tokens"
        case .includeUsage: "include_usage"
        }
    }

    /// The top-level member of that key, byte for byte; nil for any other key.
    init?(topLevel key: UnsafeRawBufferPointer) {
        let candidate: RoutingMember
        switch key.count {
        case 1: candidate = .n
        case 4: candidate = .user
        case 5:
            switch unsafe key[0] {
            case UInt8(ascii: "m"): candidate = .model
            case UInt8(ascii: "i"): candidate = .input
            default: candidate = .tools
            }
        case 6: candidate = .stream
        case 8: candidate = .messages
        case 10: candidate = .maxTokens
        case 11: candidate = .temperature
        case 14: candidate = .streamOptions
        case 21: candidate = .maxCompletionTokens
        default: return nil
        }
        guard unsafe JSONScalar.equals(key, candidate.name) else { return nil }
        self = candidate
    }

    /// `include_usage`, byte for byte; nil for any other key.
    init?(streamOption key: UnsafeRawBufferPointer) {
        guard unsafe JSONScalar.equals(key, RoutingMember.includeUsage.name) else { return nil }
        self = .includeUsage
    }
}
