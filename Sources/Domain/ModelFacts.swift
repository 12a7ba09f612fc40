/// What is known of a provider's model: its price and its bounds.
public struct ModelFacts: Hashable, Sendable {
    /// The member of a request by which a client bounds the output.
    public enum OutputLimitMember: UInt8, Hashable, Sendable {
        case maxTokens = 0
        case maxCompletionTokens = 1
    }

    /// Index into the snapshot's prices; nil: the price is unknown, which is not a price of zero.
    public var price: UInt32?
    /// Tokens of prompt and output together, nil where unknown.
    public var contextWindow: UInt32?
    /// Tokens of output, nil where unknown.
    public var maximumOutput: UInt32?
    public var outputLimitMember: OutputLimitMember

    public init(
        price: UInt32? = nil, contextWindow: UInt32? = nil, maximumOutput: UInt32? = nil,
        outputLimitMember: OutputLimitMember = .maxTokens
    ) {
        self.price = price
        self.contextWindow = contextWindow
        self.maximumOutput = maximumOutput
        self.outputLimitMember = outputLimitMember
    }
}
