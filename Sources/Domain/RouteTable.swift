/// The secret-free half of routing: which providers exist, which names stand for which targets.
public struct RouteTable: Hashable, Sendable {
    /// A target of an alias.
    public struct Choice: Hashable, Sendable {
        /// Its model may hold one `*`, which stands for what the `*` of the alias's name stood for.
        public var target: Target
        public var weight: UInt32

        public init(_ target: Target, weight: UInt32 = 1) {
            self.target = target
            self.weight = weight
        }
    }

    /// By what an alias with weights chooses the same target again.
    public enum Sticky: UInt8, Hashable, Sendable, CaseIterable {
        case none = 0
        /// The request's own user (`user`, or `metadata.user_id`), else the key's, else the key.
        case user = 1
        case key = 2
    }

    /// Chooses a tier by the prompt, or by what the client asks for.
    public struct TierRoute: Hashable, Sendable {
        /// Characters of the prompt from which on it is `deep`.
        public var threshold: UInt32
        /// The request header that names a tier, in lower case.
        public var header: [UInt8]
        public var fast: [Choice]
        public var deep: [Choice]

        public init(threshold: UInt32, header: [UInt8], fast: [Choice], deep: [Choice]) {
            self.threshold = threshold
            self.header = header
            self.fast = fast
            self.deep = deep
        }
    }

    /// A name clients may ask for, and where it leads.
    public struct Alias: Hashable, Sendable {
        /// May hold one `*`, which stands for any bytes, none too.
        public var name: [UInt8]
        /// In the order of the file; empty where `route` has the targets.
        public var choices: [Choice]
        /// Index into `policies`.
        public var policy: UInt16
        public var sticky: Sticky
        public var tier: Tier?
        public var route: TierRoute?

        public init(
            name: [UInt8], choices: [Choice], policy: UInt16 = 0, sticky: Sticky = .none, tier: Tier? = nil,
            route: TierRoute? = nil
        ) {
            self.name = name
            self.choices = choices
            self.policy = policy
            self.sticky = sticky
            self.tier = tier
            self.route = route
        }

        /// The targets of `choices`; setting them gives all one weight.
        public var targets: [Target] {
            get { self.choices.map(\.target) }
            set { self.choices = newValue.map { Choice($0) } }
        }

        /// Targets of one weight, in their order.
        public init(name: [UInt8], targets: [Target]) {
            self.init(name: name, choices: targets.map { Choice($0) })
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
    /// Prices and bounds; a model without a row has an unknown price. A bare name that no alias claims goes to the first
    /// provider with a row of that name.
    public var models: [Model]
    /// At least one; the first is that of names without an alias. The upstreams' half has the same.
    public var policies: [RoutePolicy]

    public init(
        providers: [String], aliases: [Alias], defaultProvider: UInt16?, models: [Model] = [],
        policies: [RoutePolicy] = [RoutePolicy()]
    ) {
        self.providers = providers
        self.aliases = aliases
        self.defaultProvider = defaultProvider
        self.models = models
        self.policies = policies
    }
}
