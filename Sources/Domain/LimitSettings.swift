/// The limits of the configuration, as edges use them.
public struct LimitSettings: Hashable, Sendable {
    /// What applies to callers without a key, each by address.
    public struct Anonymous: Hashable, Sendable {
        public var limits: LimitSet
        /// Names they may ask for; empty: any.
        public var models: [[UInt8]]

        public init(limits: LimitSet = LimitSet(), models: [[UInt8]] = []) {
            self.limits = limits
            self.models = models
        }
    }

    /// The limits of one model, by the name the client asks for.
    public struct Model: Hashable, Sendable {
        public var name: [UInt8]
        public var limits: LimitSet

        public init(name: [UInt8], limits: LimitSet) {
            self.name = name
            self.limits = limits
        }
    }

    /// Addresses whose `X-Forwarded-For` counts: 4 or 16 bytes, and how many leading bits are fixed.
    public struct ProxyRange: Hashable, Sendable {
        public var network: [UInt8]
        public var prefixLength: UInt8

        public init(network: [UInt8], prefixLength: UInt8) {
            self.network = network
            self.prefixLength = prefixLength
        }
    }

    public var global = LimitSet()
    public var perAddress = LimitSet()
    /// Defaults of keys; a key's own limits win kind by kind.
    public var perKey = LimitSet()
    public var models: [Model] = []
    /// Wrong keys an address may try in a minute before it is told so; nil: any number.
    public var wrongKeysPerMinute: Int64?
    public var anonymous = Anonymous()
    public var mode = BudgetMode.strict
    /// Whether a project with a cost budget may use a model whose price is not known.
    public var allowsUnknownPrice = true
    /// Percent of a budget from which on replies carry a warning.
    public var softPercent: UInt8 = 80
    public var trustedProxies: [ProxyRange] = []
    /// Of everybody who has no project with a time zone of its own.
    public var timeZone = TimeZoneRules.utc

    public init() {}
}
