public import Domain
public import JSON

/// A provider's whole answer, in no provider's words.
public struct Reply: Hashable, Sendable {
    /// The provider's name for it; empty where it gave none.
    public var id: [UInt8]
    /// The model as the provider calls it; empty where it does not say.
    public var model: [UInt8]
    /// Unix seconds.
    public var created: Int64?
    public var choices: [ReplyChoice]
    public var usage: TokenUsage?
    /// What else it says that the cost depends on.
    public var terms: UsageTerms
    /// Members of the provider's usage that no token class has, such as a cost.
    public var usageExtras: [JSONValue.Member]
    /// Further members of the reply, as the provider names them.
    public var extras: [JSONValue.Member]

    public init(
        id: [UInt8] = [], model: [UInt8] = [], created: Int64? = nil, choices: [ReplyChoice] = [],
        usage: TokenUsage? = nil, terms: UsageTerms = UsageTerms(), usageExtras: [JSONValue.Member] = [],
        extras: [JSONValue.Member] = []
    ) {
        self.id = id
        self.model = model
        self.created = created
        self.choices = choices
        self.usage = usage
        self.terms = terms
        self.usageExtras = usageExtras
        self.extras = extras
    }
}
