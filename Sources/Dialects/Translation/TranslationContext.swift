public import Domain

/// What a translation has to know beside the bytes. Randomness and time are among it, so that translations are pure.
public struct TranslationContext: Sendable {
    /// The front door.
    public var endpoint: Endpoint
    /// The provider's peculiarities.
    public var row: ProviderRow
    /// The provider's name in the configuration, for messages.
    public var provider: String
    /// What the provider cannot do is left out instead of being refused.
    public var dropsUnsupported: Bool
    /// Images named by URLs are fetched for a provider that fetches none.
    public var fetchesImages: Bool
    /// Tokens of output the model can produce, where that is known.
    public var maximumOutput: Int64?
    /// The client asked for a stream.
    public var isStream: Bool
    /// The client wants a chunk with the usage at the end of its stream.
    public var wantsUsage: Bool
    /// Unique to the attempt, letters and digits only: what names are made from that the provider does not give.
    public var nonce: [UInt8]
    /// Unix seconds.
    public var now: Int64

    public init(
        endpoint: Endpoint, row: ProviderRow, provider: String, dropsUnsupported: Bool = false,
        fetchesImages: Bool = false, maximumOutput: Int64? = nil, isStream: Bool = false, wantsUsage: Bool = false,
        nonce: [UInt8] = [], now: Int64 = 0
    ) {
        self.endpoint = endpoint
        self.row = row
        self.provider = provider
        self.dropsUnsupported = dropsUnsupported
        self.fetchesImages = fetchesImages
        self.maximumOutput = maximumOutput
        self.isStream = isStream
        self.wantsUsage = wantsUsage
        self.nonce = nonce
        self.now = now
    }

    /// How the provider's reply becomes the client's.
    public var passage: ReplyPassage {
        switch self.endpoint {
        case .embeddings, .moderations, .imageGenerations: .openAI
        case .countTokens: .anthropic
        case .messages: self.row.speaksAnthropic ? .anthropic : .translated
        case .chatCompletions: self.row.isExact ? .openAI : .translated
        // There are no peculiarities in the old shape: a server that has it speaks it as OpenAI does.
        case .completions: self.row.target(of: .completions) == .completions ? .openAI : .translated
        }
    }
}
