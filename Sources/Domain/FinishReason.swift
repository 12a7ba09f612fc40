/// Why a model stopped, in OpenAI's words; of several choices the last one's.
public enum FinishReason: UInt8, Hashable, Sendable {
    case none = 0
    case stop = 1
    case length = 2
    case toolCalls = 3
    case contentFilter = 4
    case functionCall = 5
    /// A word of the provider's own.
    case other = 6

    /// The name in answers; empty for `none`.
    public var label: String {
        switch self {
        case .none: ""
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter: "content_filter"
        case .functionCall: "function_call"
        case .other: "other"
        }
    }
}
