/// The tokens of one provider call, in disjoint classes: no token is counted in two members.
///
/// Providers count differently (OpenAI's `prompt_tokens` includes cached ones, its `completion_tokens` includes
/// reasoning); a dialect translates into these classes, so that prices and limits need to know one convention only.
public struct TokenUsage: Hashable, Sendable {
    /// Prompt tokens that were neither read from nor written to a provider's prompt cache.
    public var input: Int64
    /// Prompt tokens read from a provider's prompt cache.
    public var cacheRead: Int64
    /// Generated tokens that the client sees.
    public var output: Int64
    /// Generated tokens that were spent on reasoning.
    public var reasoning: Int64

    public init(input: Int64 = 0, cacheRead: Int64 = 0, output: Int64 = 0, reasoning: Int64 = 0) {
        self.input = input
        self.cacheRead = cacheRead
        self.output = output
        self.reasoning = reasoning
    }

    /// What OpenAI calls `prompt_tokens`.
    public var promptTokens: Int64 { self.input &+ self.cacheRead }
    /// What OpenAI calls `completion_tokens`.
    public var completionTokens: Int64 { self.output &+ self.reasoning }
}
