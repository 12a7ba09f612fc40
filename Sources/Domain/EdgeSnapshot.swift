/// Everything an edge needs to know of the configuration. It holds no provider key, no address of a provider and no
/// database credential: only the digest of the client key.
public struct EdgeSnapshot: Hashable, Sendable {
    /// Counts configurations; an upstream knows the same number for its half.
    public var version: UInt64
    public var http: HTTPLimits
    /// Allowed origins for browsers; `*` allows any. Empty: no CORS headers.
    public var corsOrigins: [String]
    public var authentication: AuthenticationMode
    /// SHA-256 of the static key, 32 bytes, or nil where there is none.
    public var staticKeyDigest: [UInt8]?
    public var routes: RouteTable
    /// In the order of their indexes in targets.
    public var prices: [Price]
    /// Absolute; the journal's folder and the identity table are in it.
    public var stateDirectory: String
    public var journal: JournalSettings
    public var limits: LimitSettings
    public var sharedCalls: SharedCallSettings
    /// Metrics count by project, too.
    public var countsProjects: Bool
    public var responseExtension: ResponseExtension
    public var logLevel: LogLevel
    public var logFormat: LogFormat
    public var requestLogging: RequestLogging
    /// Which of the topology's listeners is the administration's own; nil: it answers at all of them.
    public var administrationListener: UInt16?

    public init(
        version: UInt64, http: HTTPLimits, corsOrigins: [String], authentication: AuthenticationMode,
        staticKeyDigest: [UInt8]?, routes: RouteTable, prices: [Price] = [], stateDirectory: String = "",
        journal: JournalSettings = JournalSettings(), limits: LimitSettings = LimitSettings(),
        sharedCalls: SharedCallSettings = SharedCallSettings(), countsProjects: Bool = false,
        responseExtension: ResponseExtension = .headers, logLevel: LogLevel, logFormat: LogFormat = .json,
        requestLogging: RequestLogging = RequestLogging(), administrationListener: UInt16? = nil
    ) {
        self.version = version
        self.http = http
        self.corsOrigins = corsOrigins
        self.authentication = authentication
        self.staticKeyDigest = staticKeyDigest
        self.routes = routes
        self.prices = prices
        self.stateDirectory = stateDirectory
        self.journal = journal
        self.limits = limits
        self.sharedCalls = sharedCalls
        self.countsProjects = countsProjects
        self.responseExtension = responseExtension
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.requestLogging = requestLogging
        self.administrationListener = administrationListener
    }
}
