/// What the supervisor needs to know of the configuration: secret-free.
public struct Topology: Hashable, Sendable {
    public var listeners: [ListenerSettings]
    public var edges: UInt16
    public var upstreams: UInt16
    /// How many edges the limit table has places for, in each of two generations.
    public var maximumEdges: UInt16
    /// Milliseconds that running requests get after TERM.
    public var drainTimeout: UInt64
    /// Absolute path of the state folder.
    public var stateDirectory: String
    public var logLevel: LogLevel
    public var logFormat: LogFormat
    /// Absolute path of the file that all processes log to; nil: the supervisor's standard error.
    public var logFile: String?
    /// Empty: every process runs as the supervisor does.
    public var users: [RoleUser]
    /// Absolute paths of folders that upstreams may read besides the system's: those of certificates to trust.
    public var trustFolders: [String]
    /// Where usage is stored by a server: absolute paths of folders that the aggregator may read for it, of certificates and sockets. Nil where
    /// it is a file, and the aggregator connects to nothing.
    public var serverFolders: [String]?

    public init(
        listeners: [ListenerSettings], edges: UInt16, upstreams: UInt16, drainTimeout: UInt64, stateDirectory: String,
        logLevel: LogLevel, logFormat: LogFormat = .json, logFile: String? = nil, users: [RoleUser] = [],
        trustFolders: [String] = [], serverFolders: [String]? = nil, maximumEdges: UInt16? = nil
    ) {
        self.listeners = listeners
        self.edges = edges
        self.upstreams = upstreams
        let places = min(edges.addingReportingOverflow(2).partialValue, LimitTableSettings.placeRange.upperBound / 2)
        self.maximumEdges = maximumEdges ?? max(edges, places)
        self.drainTimeout = drainTimeout
        self.stateDirectory = stateDirectory
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.logFile = logFile
        self.users = users
        self.trustFolders = trustFolders
        self.serverFolders = serverFolders
    }
}
