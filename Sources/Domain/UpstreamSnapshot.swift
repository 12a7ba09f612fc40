/// Everything an upstream worker needs to know of the configuration. Holds provider keys.
public struct UpstreamSnapshot: Hashable, Sendable {
    /// What plans of the configuration before need, which may still come to a worker that has just been started.
    public struct Earlier: Hashable, Sendable {
        public var version: UInt64
        public var providers: [ProviderSettings]
        public var prices: [Price]

        public init(version: UInt64, providers: [ProviderSettings], prices: [Price]) {
            self.version = version
            self.providers = providers
            self.prices = prices
        }
    }

    /// The same number as in the edges' half.
    public var version: UInt64
    /// In the order of `RouteTable.providers`.
    public var providers: [ProviderSettings]
    /// In the order of their indexes in targets.
    public var prices: [Price]
    /// Absolute; the journal's folder is in it.
    public var stateDirectory: String
    public var journal: JournalSettings
    public var logLevel: LogLevel
    public var logFormat: LogFormat
    /// Of the configuration before; nil where there is none.
    public var earlier: Earlier?

    public init(
        version: UInt64, providers: [ProviderSettings], prices: [Price] = [], stateDirectory: String = "",
        journal: JournalSettings = JournalSettings(), logLevel: LogLevel, logFormat: LogFormat = .json,
        earlier: Earlier? = nil
    ) {
        self.version = version
        self.providers = providers
        self.prices = prices
        self.stateDirectory = stateDirectory
        self.journal = journal
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.earlier = earlier
    }
}
