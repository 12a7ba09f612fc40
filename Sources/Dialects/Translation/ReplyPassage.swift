/// How a provider's reply becomes the client's.
public enum ReplyPassage: Hashable, Sendable {
    /// OpenAI's grammar, passed byte for byte.
    case openAI
    /// Anthropic's, passed byte for byte.
    case anthropic
    /// Read into the middle and written anew.
    case translated
}
