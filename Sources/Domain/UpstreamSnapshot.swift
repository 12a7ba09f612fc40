/// Everything an upstream worker needs to know of the configuration. Holds provider keys.
public struct UpstreamSnapshot: Hashable, Sendable {
    /// What plans of the configuration before need, which may still come to a worker that has just been started.
    public struct Earlier: Hashable, Sendable {
        public var version: UInt64
        public var providers: [ProviderSettings]
        public var prices: [Price]
        public var policies: [RoutePolicy]

        public init(
            version: UInt64, providers: [ProviderSettings], prices: [Price], policies: [RoutePolicy] = [RoutePolicy()]
        ) {
            self.version = version
            self.providers = providers
            self.prices = prices
            self.policies = policies
        }
    }

    /// The same number as in the edges' half.
    public var version: UInt64
    /// In the order of `RouteTable.providers`.
    public var providers: [ProviderSettings]
    /// In the order of their indexes in targets.
    public var prices: [Price]
    /// In the order of `RouteTable.policies`; at least one.
    public var policies: [RoutePolicy]
    /// Upstream workers there are to be: each has its share of what is allowed over all of them.
    public var upstreams: UInt16
    /// Absolute; the journal's folder is in it.
    public var stateDirectory: String
    public var journal: JournalSettings
    public var logLevel: LogLevel
    public var logFormat: LogFormat
    /// Of the configuration before; nil where there is none.
    public var earlier: Earlier?

    public init(
        version: UInt64, providers: [ProviderSettings], prices: [Price] = [],
        policies: [RoutePolicy] = [RoutePolicy()], upstreams: UInt16 = 1, stateDirectory: String = "",
        journal: JournalSettings = JournalSettings(), logLevel: LogLevel, logFormat: LogFormat = .json,
        earlier: Earlier? = nil
    ) {
        self.version = version
        self.providers = providers
        self.prices = prices
        self.policies = policies
        self.upstreams = upstreams
        self.stateDirectory = stateDirectory
        self.journal = journal
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.earlier = earlier
    }
}
