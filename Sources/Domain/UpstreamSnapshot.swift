/// Everything an upstream worker needs to know of the configuration. Holds provider keys.
public struct UpstreamSnapshot: Hashable, Sendable {
    /// The same number as in the edges' half.
    public var version: UInt64
    /// In the order of `RouteTable.providers`.
    public var providers: [ProviderSettings]
    public var logLevel: LogLevel

    public init(version: UInt64, providers: [ProviderSettings], logLevel: LogLevel) {
        self.version = version
        self.providers = providers
        self.logLevel = logLevel
    }
}
