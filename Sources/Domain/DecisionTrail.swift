/// How one request found its answer, or why it found none: part of its record, for `sluice explain`.
///
/// The edge says how it was let in and what was planned, the upstream what came of it. How a request with one possible target that
/// answered at once was routed is not kept: its record says it all. Packed (`packed`) it takes at most `maximumSize` bytes.
public struct DecisionTrail: Hashable, Sendable {
    /// What a target takes.
    public struct Price: Hashable, Sendable {
        /// Pico-USD per token, as in the price list for short prompts.
        public var input: Int64
        public var output: Int64
        /// Nano-USD it would have taken for what the request has used; nil where that is not known.
        public var cost: Int64?

        public init(input: Int64, output: Int64, cost: Int64? = nil) {
            self.input = input
            self.output = output
            self.cost = cost
        }
    }

    /// One target, by the names the configuration and the provider have for it.
    public struct Place: Hashable, Sendable {
        public var provider: [UInt8]
        public var model: [UInt8]
        /// Nil where it is unknown.
        public var price: Price?

        public init(provider: [UInt8], model: [UInt8], price: Price? = nil) {
            self.provider = provider
            self.model = model
            self.price = price
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
    /// Most bytes of one that says nothing of limits and routing.
    public static let shortSize = 2 + 3 * 5
    /// Most bytes of it that limits take.
    static let limitsRoom = 1024
    /// Most bytes that are kept of an alias and of a model's name, and of a provider's.
    static let maximumName = 256
    static let maximumProvider = 64

    /// Nil where an older version has written the record.
    public var admission: AdmissionTrail?
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
        admission: AdmissionTrail? = nil, alias: [UInt8] = [], strategy: RoutePolicy.Strategy = .ordered,
        tier: Tier? = nil, planning: UInt32 = 0,
        targets: [Place] = [], moreTargets: UInt32 = 0, leftOut: [LeftOut] = [], moreLeftOut: UInt32 = 0,
        steps: [TrailStep] = []
    ) {
        self.admission = admission
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

    /// Nothing was chosen and nothing went wrong: how it was routed is not worth keeping. A refused request keeps where it would have gone.
    public var isPlain: Bool {
        self.targets.count <= (self.admission?.verdict == .refused ? 0 : 1) && self.moreTargets == 0
            && self.tier == nil && self.leftOut.isEmpty && self.moreLeftOut == 0 && self.steps.isEmpty
    }
}
