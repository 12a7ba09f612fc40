/// The secret-free half of routing: which providers exist, which names stand for which targets.
public struct RouteTable: Hashable, Sendable {
    /// A name clients may ask for, and where it leads, in the order the targets are tried.
    public struct Alias: Hashable, Sendable {
        public var name: [UInt8]
        public var targets: [Target]

        public init(name: [UInt8], targets: [Target]) {
            self.name = name
            self.targets = targets
        }
    }

    /// What is known of a model of a provider.
    public struct Model: Hashable, Sendable {
        /// Index into `providers`.
        public var provider: UInt16
        /// The model as the provider writes it; nil for every model of the provider that has no row of its own.
        public var name: [UInt8]?
        public var facts: ModelFacts

        public init(provider: UInt16, name: [UInt8]?, facts: ModelFacts) {
            self.provider = provider
            self.name = name
            self.facts = facts
        }
    }

    /// Provider names; a `Target.provider` is an index into this list.
    public var providers: [String]
    public var aliases: [Alias]
    /// Where a bare model name goes that no alias claims; nil refuses it with 404.
    public var defaultProvider: UInt16?
    /// Prices and bounds; a model without a row has an unknown price.
    public var models: [Model]

    public init(providers: [String], aliases: [Alias], defaultProvider: UInt16?, models: [Model] = []) {
        self.providers = providers
        self.aliases = aliases
        self.defaultProvider = defaultProvider
        self.models = models
    }
}
