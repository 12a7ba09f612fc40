public import JSON

/// What a client wants of a model, in no provider's words: the middle through which n front doors and m providers need
/// n + m translators.
///
/// It keeps what a round trip between two dialects needs. What only the front door's own dialect knows is in `extras`, by
/// the names it has there, so that a provider of the same family still gets it.
public struct Conversation: Hashable, Sendable {
    /// The model's name as the provider writes it, UTF-8.
    public var model: [UInt8]
    /// In order, those of the system among them: providers differ in where these may stand. One for each message of the front
    /// door (Anthropic's `system` is the first): refusals name messages by it (`RequestPath`).
    public var turns: [Turn]
    public var tools: [ToolDefinition]
    public var toolChoice: ToolChoice?
    /// Whether the model may call several tools at once; nil where the client does not say.
    public var allowsParallelCalls: Bool?
    public var format: ResponseFormat
    public var sampling: Sampling
    /// Tokens of output of each choice, nil where the client does not say.
    public var maximumOutput: Int64?
    /// Texts at which the model stops.
    public var stop: [[UInt8]]
    public var reasoning: ReasoningRequest?
    /// How many choices are wanted.
    public var choices: Int64
    public var isStream: Bool
    /// A stream is to end with a chunk that tells the usage, where the front door has such a thing.
    public var wantsUsage: Bool
    /// The caller's own user, for the provider's abuse detection.
    public var user: [UInt8]?
    /// Further members of the request, as the front door names them.
    public var extras: [JSONValue.Member]

    public init(
        model: [UInt8], turns: [Turn] = [], tools: [ToolDefinition] = [], toolChoice: ToolChoice? = nil,
        allowsParallelCalls: Bool? = nil, format: ResponseFormat = .text, sampling: Sampling = Sampling(),
        maximumOutput: Int64? = nil, stop: [[UInt8]] = [], reasoning: ReasoningRequest? = nil, choices: Int64 = 1,
        isStream: Bool = false, wantsUsage: Bool = false, user: [UInt8]? = nil, extras: [JSONValue.Member] = []
    ) {
        self.model = model
        self.turns = turns
        self.tools = tools
        self.toolChoice = toolChoice
        self.allowsParallelCalls = allowsParallelCalls
        self.format = format
        self.sampling = sampling
        self.maximumOutput = maximumOutput
        self.stop = stop
        self.reasoning = reasoning
        self.choices = choices
        self.isStream = isStream
        self.wantsUsage = wantsUsage
        self.user = user
        self.extras = extras
    }
}
