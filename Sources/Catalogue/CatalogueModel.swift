public import Domain

/// A model of a vendor, as its public price page describes it.
public struct CatalogueModel: Hashable, Sendable {
    /// The names it is called by: its usual one, then those with a date and other spellings.
    public var names: [String]
    public var price: Price
    /// Tokens of prompt and output together.
    public var contextWindow: UInt32
    /// Tokens of output; nil for models that generate none.
    public var maximumOutput: UInt32?
    public var outputLimitMember: ModelFacts.OutputLimitMember

    init(
        _ names: [String], _ rates: Price.Rates, tiers: [PromptTier] = [], services: [ServiceTier: PriceList] = [:],
        context: UInt32, output: UInt32?, _ member: ModelFacts.OutputLimitMember = .maxTokens
    ) {
        self.names = names
        self.price = Price(rates, tiers: tiers, services: services)
        self.contextWindow = context
        self.maximumOutput = output
        self.outputLimitMember = member
    }
}
