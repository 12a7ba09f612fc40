/// What the supervisor needs to know of the configuration: secret-free.
public struct Topology: Hashable, Sendable {
    public var listeners: [ListenAddress]
    public var edges: UInt16
    public var upstreams: UInt16
    /// Milliseconds that running requests get after TERM.
    public var drainTimeout: UInt64
    /// Absolute path of the state folder.
    public var stateDirectory: String
    public var logLevel: LogLevel

    public init(
        listeners: [ListenAddress], edges: UInt16, upstreams: UInt16, drainTimeout: UInt64, stateDirectory: String,
        logLevel: LogLevel
    ) {
        self.listeners = listeners
        self.edges = edges
        self.upstreams = upstreams
        self.drainTimeout = drainTimeout
        self.stateDirectory = stateDirectory
        self.logLevel = logLevel
    }
}
