/// How the next token is chosen; nil everywhere: as the provider likes it.
public struct Sampling: Hashable, Sendable {
    public var temperature: Double?
    public var topP: Double?
    public var topK: Int64?
    public var seed: Int64?
    public var presencePenalty: Double?
    public var frequencyPenalty: Double?
    /// Whether the probabilities of the tokens are told, and of how many alternatives.
    public var logprobs: Bool?
    public var topLogprobs: Int64?

    public init(
        temperature: Double? = nil, topP: Double? = nil, topK: Int64? = nil, seed: Int64? = nil,
        presencePenalty: Double? = nil, frequencyPenalty: Double? = nil, logprobs: Bool? = nil,
        topLogprobs: Int64? = nil
    ) {
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.seed = seed
        self.presencePenalty = presencePenalty
        self.frequencyPenalty = frequencyPenalty
        self.logprobs = logprobs
        self.topLogprobs = topLogprobs
    }
}
