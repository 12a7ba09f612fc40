public import Domain

/// What the gateway needs to know of a whole JSON reply that passes as it is, in whichever dialect.
public struct UnaryReply: Hashable, Sendable {
    /// The tokens the provider counted.
    public var usage: TokenUsage?
    /// What else it says that the cost depends on.
    public var terms: UsageTerms
    /// The reply holds an `error`, whatever its status says.
    public var hasError: Bool
    /// Why the model stopped; of several choices the last one's.
    public var finish: FinishReason

    public init(usage: TokenUsage?, terms: UsageTerms = UsageTerms(), hasError: Bool, finish: FinishReason = .none) {
        self.usage = usage
        self.terms = terms
        self.hasError = hasError
        self.finish = finish
    }

    /// Whether a body looks like a JSON object or array, by its first byte that is not blank: providers send errors
    /// under all kinds of content types.
    public static func looksLikeJSON(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            if byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { continue }
            return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
        }
        return false
    }
}
