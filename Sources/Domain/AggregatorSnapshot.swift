/// Everything the aggregator needs to know of the configuration.
public struct AggregatorSnapshot: Hashable, Sendable {
    public var version: UInt64
    public var logLevel: LogLevel

    public init(version: UInt64, logLevel: LogLevel) {
        self.version = version
        self.logLevel = logLevel
    }
}
