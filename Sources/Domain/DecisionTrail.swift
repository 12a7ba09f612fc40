/// How one request found its answer, or why it found none: part of its record, for `sluice explain`.
///
/// The edge says what was planned, the upstream what came of it. A request with one possible target that answered at once
/// keeps none: its record says it all. Packed (`packed`) it takes at most `maximumSize` bytes.
public struct DecisionTrail: Hashable, Sendable {
    /// One target, by the names the configuration and the provider have for it.
    public struct Place: Hashable, Sendable {
        public var provider: [UInt8]
        public var model: [UInt8]

        public init(provider: [UInt8], model: [UInt8]) {
            self.provider = provider
            self.model = model
        }
    }

    /// Why a target was no choice.
    public enum Reason: UInt8, Hashable, Sendable, CaseIterable {
        /// The key or its project may not use it.
        case allowList = 1
        /// Its price is unknown, and the choice is by price, or a budget has to be kept.
        case unknownPrice = 2
        /// It is of the other tier.
        case otherTier = 3
    }

    /// A target that was considered, and not planned.
    public struct LeftOut: Hashable, Sendable {
        public var place: Place
        public var reason: Reason

        public init(_ place: Place, _ reason: Reason) {
            self.place = place
            self.reason = reason
        }
    }

    /// Most bytes of a packed trail.
    public static let maximumSize = 2048
    /// Most bytes that are kept of an alias and of a model's name, and of a provider's.
    static let maximumName = 256
    static let maximumProvider = 64

    /// The alias that was matched, as the configuration has it; empty for none.
    public var alias: [UInt8]
    public var strategy: RoutePolicy.Strategy
    public var tier: Tier?
    /// Microseconds the planning took.
    public var planning: UInt32
    /// In the order in which they were to be tried; `TrailStep.call` is an index into it.
    public var targets: [Place]
    /// Targets that had no room behind these.
    public var moreTargets: UInt32
    public var leftOut: [LeftOut]
    public var moreLeftOut: UInt32
    /// What the upstream did, in the order of time.
    public var steps: [TrailStep]

    public init(
        alias: [UInt8] = [], strategy: RoutePolicy.Strategy = .ordered, tier: Tier? = nil, planning: UInt32 = 0,
        targets: [Place] = [], moreTargets: UInt32 = 0, leftOut: [LeftOut] = [], moreLeftOut: UInt32 = 0,
        steps: [TrailStep] = []
    ) {
        self.alias = alias
        self.strategy = strategy
        self.tier = tier
        self.planning = planning
        self.targets = targets
        self.moreTargets = moreTargets
        self.leftOut = leftOut
        self.moreLeftOut = moreLeftOut
        self.steps = steps
    }

    /// Nothing was chosen and nothing went wrong: not worth keeping.
    public var isPlain: Bool {
        self.targets.count <= 1 && self.moreTargets == 0 && self.tier == nil && self.leftOut.isEmpty
            && self.moreLeftOut == 0 && self.steps.isEmpty
    }
}
