/// Everything an upstream worker needs to know of the configuration. Holds provider keys.
public struct UpstreamSnapshot: Hashable, Sendable {
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

    public init(
        version: UInt64, providers: [ProviderSettings], prices: [Price] = [], stateDirectory: String = "",
        journal: JournalSettings = JournalSettings(), logLevel: LogLevel, logFormat: LogFormat = .json
    ) {
        self.version = version
        self.providers = providers
        self.prices = prices
        self.stateDirectory = stateDirectory
        self.journal = journal
        self.logLevel = logLevel
        self.logFormat = logFormat
    }
}
