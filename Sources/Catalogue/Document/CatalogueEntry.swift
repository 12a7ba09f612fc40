/// A model as a catalogue describes it: what of it a gateway can use.
public struct CatalogueEntry: Hashable, Sendable {
    /// A price, in pico-USD.
    public struct Rate: Hashable, Sendable {
        public var field: CatalogueField
        public var value: Int64

        public init(_ field: CatalogueField, _ value: Int64) {
            self.field = field
            self.value = value
        }
    }

    /// As the file has it, such as `groq/openai/gpt-oss-20b`; UTF-8.
    public var name: [UInt8]
    /// Whose model it is, in LiteLLM's words.
    public var provider: String
    /// What it does, such as `chat` or `embedding`; empty where the file does not say.
    public var mode: String
    /// Tokens of a prompt.
    public var maximumInput: UInt32?
    /// Tokens of an answer.
    public var maximumOutput: UInt32?
    /// When its provider ends it.
    public var deprecation: CatalogueDay?
    /// What it can do, in the file's words (`supports_…`), in their order.
    public var capabilities: [String]
    /// In the order of their fields; no field twice.
    public var rates: [Rate]

    public init(
        name: [UInt8], provider: String, mode: String = "", maximumInput: UInt32? = nil, maximumOutput: UInt32? = nil,
        deprecation: CatalogueDay? = nil, capabilities: [String] = [], rates: [Rate] = []
    ) {
        self.name = name
        self.provider = provider
        self.mode = mode
        self.maximumInput = maximumInput
        self.maximumOutput = maximumOutput
        self.deprecation = deprecation
        self.capabilities = capabilities
        self.rates = rates
    }

    /// The price of a field; nil where it has none.
    public subscript(_ field: CatalogueField) -> Int64? { self.rates.first { $0.field == field }?.value }
}
