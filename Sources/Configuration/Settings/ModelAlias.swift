public import Domain

/// A name that clients may ask for and what it stands for (an entry of `models`).
public struct ModelAlias: Hashable, Sendable {
    /// One of its targets.
    public struct Choice: Hashable, Sendable {
        /// Its model may hold one `*` where the alias's name does.
        public var target: ModelTarget
        /// 1…1,000,000; against the other targets.
        public var weight: UInt32

        public init(_ target: ModelTarget, weight: UInt32 = 1) {
            self.target = target
            self.weight = weight
        }
    }

    /// How the gateway chooses a tier for a request; its targets are those of all aliases of that tier.
    public struct Route: Hashable, Sendable {
        /// Characters of the prompt from which on the tier is `deep`.
        public var threshold: UInt32
        /// The request header that names a tier, in lower case.
        public var header: String

        public init(threshold: UInt32 = 8000, header: String = "x-sluice-tier") {
            self.threshold = threshold
            self.header = header
        }
    }

    /// What clients write into `model`. It may hold one `*`, which stands for any text, none too.
    public var name: String
    /// In the order of the file, no target twice; empty exactly where there is a `route`.
    public var choices: [Choice]
    public var policy: RoutePolicy
    public var sticky: RouteTable.Sticky
    public var tier: Tier?
    public var route: Route?

    public init(
        name: String, choices: [Choice], policy: RoutePolicy = RoutePolicy(), sticky: RouteTable.Sticky = .none,
        tier: Tier? = nil, route: Route? = nil
    ) {
        self.name = name
        self.choices = choices
        self.policy = policy
        self.sticky = sticky
        self.tier = tier
        self.route = route
    }

    /// With one target, and defaults for the rest.
    public init(name: String, target: ModelTarget) {
        self.init(name: name, choices: [Choice(target)])
    }
}

extension ModelAlias {
    /// The targets that an alias with a `route` has in a tier: those of all aliases of it in the order of the file, each once. One
    /// with a `*` stands for no model there.
    public static func targets(of tier: Tier, _ aliases: [ModelAlias]) -> [Choice] {
        var seen: Set<[UInt8]> = []
        return aliases.filter { $0.tier == tier && $0.route == nil }.flatMap(\.choices).filter { choice in
            WildcardText.stars(in: choice.target.model) == 0
                && seen.insert(Array(choice.target.description.utf8)).inserted
        }
    }
}
