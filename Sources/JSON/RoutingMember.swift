/// The members of a request body by which Sluice routes, limits and meters.
///
/// What was authorised has to be what is sent, so each may occur once and must be spelled as the protocol spells it, without
/// escapes and, where Sluice acts on it, in lower case: two JSON readers could otherwise see two different requests.
public enum RoutingMember: UInt8, Hashable, Sendable, CaseIterable {
    case model, stream, temperature, n, user, input, messages, tools, system, prompt
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
        case .system: "system"
        case .prompt: "prompt"
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
        case 6:
            switch unsafe key[1] {
            case UInt8(ascii: "t"): candidate = .stream
            case UInt8(ascii: "y"): candidate = .system
            default: candidate = .prompt
            }
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

    /// The member that a reader which ignores case takes that key for, among those that decide what is asked of whom and how
    /// much of it: `model`, `stream`, `stream_options`, `n`, `max_tokens` and `max_completion_tokens`. As in Go's
    /// `encoding/json` the long s counts as an s, and the Kelvin sign as a k.
    init?(foldingTopLevel key: UnsafeRawBufferPointer) {
        switch key.count {
        case 1: self = .n
        case 5: self = .model
        case 6, 7: self = .stream
        case 10...13: self = .maxTokens
        case 14...16: self = .streamOptions
        case 21...25: self = .maxCompletionTokens
        default: return nil
        }
        guard unsafe RoutingMember.folds(key, to: self.name) else { return nil }
    }

    /// Whether `key` is `name`, which is in lower case, but for the case of its letters.
    private static func folds(_ key: UnsafeRawBufferPointer, to name: StaticString) -> Bool {
        var index = 0
        for position in 0..<name.utf8CodeUnitCount {
            let wanted = unsafe name.utf8Start[position]
            guard index < key.count else { return false }
            let byte = unsafe key[index]
            index &+= 1
            if byte == wanted || (byte &- 0x41 < 26 && byte | 0x20 == wanted) { continue }
            switch wanted {
            // U+017F
            case UInt8(ascii: "s"):
                guard byte == 0xC5, index < key.count, unsafe key[index] == 0xBF else { return false }
                index &+= 1
            // U+212A
            case UInt8(ascii: "k"):
                guard byte == 0xE2, index &+ 1 < key.count, unsafe key[index] == 0x84, unsafe key[index &+ 1] == 0xAA
                else { return false }
                index &+= 2
            default: return false
            }
        }
        return index == key.count
    }

    /// `include_usage`, byte for byte; nil for any other key.
    init?(streamOption key: UnsafeRawBufferPointer) {
        guard unsafe JSONScalar.equals(key, RoutingMember.includeUsage.name) else { return nil }
        self = .includeUsage
    }
}
