/// Everything the aggregator needs to know of the configuration.
public struct AggregatorSnapshot: Hashable, Sendable {
    public var version: UInt64
    /// Every price a call may be charged by; the usage database keeps them by their ids.
    public var prices: [Price]
    /// Absolute; the usage database and the journal's folder are in it.
    public var stateDirectory: String
    /// Where usage is stored.
    public var usageDatabase: DatabaseAddress
    public var limitTable: LimitTableSettings
    /// The most upstream workers there can be in this run: the table that they share has places for two generations of them.
    public var upstreams: UInt16
    public var housekeeping: HousekeepingSettings
    public var logLevel: LogLevel
    public var logFormat: LogFormat

    public init(
        version: UInt64, prices: [Price] = [], stateDirectory: String = "",
        usageDatabase: DatabaseAddress = .sqlite(path: ""),
        limitTable: LimitTableSettings = LimitTableSettings(), upstreams: UInt16 = 1,
        housekeeping: HousekeepingSettings = HousekeepingSettings(), logLevel: LogLevel, logFormat: LogFormat = .json
    ) {
        self.version = version
        self.prices = prices
        self.stateDirectory = stateDirectory
        self.usageDatabase = usageDatabase
        self.limitTable = limitTable
        self.upstreams = upstreams
        self.housekeeping = housekeeping
        self.logLevel = logLevel
        self.logFormat = logFormat
    }
}
