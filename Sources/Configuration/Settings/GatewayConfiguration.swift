public import Domain

/// The whole configuration in force: a plain value, complete and checked.
///
/// ``ConfigurationLoader`` makes it from a file or from the environment; nothing in it refers to either any more. Its
/// defaults are those of an empty file, but for the providers, which then come from the environment. Lists keep the order of the file.
public struct GatewayConfiguration: Hashable, Sendable {
    /// Where clients connect; never empty, no address twice (but for port 0). Paths as written: relative to the working
    /// directory of `sluice serve`.
    public var listen: [ListenerSettings]
    public var admin: AdminSettings
    /// The folder of everything the gateway keeps, as written: relative to the working directory of `sluice serve`.
    public var stateDirectory: String
    public var database: DatabaseSettings
    public var workers: WorkerSettings
    /// How long requests may go on after TERM, in milliseconds.
    public var drainTimeout: UInt64
    /// Who the workers are to run as where the gateway is started as root; nil: each role as its own user, if there are any.
    public var user: String?
    public var http: HTTPSettings
    public var auth: AuthSettings
    /// Names are unique. Their order is that of the snapshots.
    public var providers: [ConfiguredProvider]
    /// The provider of a model name that no alias claims: the one the file names, else the only one, else the first whose
    /// key is in the environment, else none. Always the name of one of ``providers``.
    public var defaultProvider: String?
    /// Names are unique; each target's provider is one of ``providers``. Where one has a `route`, both tiers have targets.
    public var models: [ModelAlias]
    /// Prices that count before those the gateway knows; each provider is one of ``providers``, none occurs twice.
    public var pricing: [ModelPrice]
    public var catalogue: CatalogueSettings
    public var limits: LimitConfiguration
    public var journal: JournalSettings
    public var sharedCalls: SharedCallSettings
    public var telemetry: TelemetrySettings
    /// The IANA name of the time zone of everybody who has none of its own.
    public var timeZone: String
    public var schedules: JobSchedules
    public var retention: RetentionSettings
    public var logLevel: LogLevel
    public var logging: LogSettings

    public init(
        listen: [ListenerSettings] = GatewayConfiguration.defaultListen, admin: AdminSettings = AdminSettings(),
        stateDirectory: String = "./sluice-state",
        database: DatabaseSettings = DatabaseSettings(), workers: WorkerSettings = WorkerSettings(),
        drainTimeout: UInt64 = 300_000,
        user: String? = nil,
        http: HTTPSettings = HTTPSettings(), auth: AuthSettings = AuthSettings(), providers: [ConfiguredProvider] = [],
        defaultProvider: String? = nil, models: [ModelAlias] = [], pricing: [ModelPrice] = [],
        catalogue: CatalogueSettings = CatalogueSettings(),
        limits: LimitConfiguration = LimitConfiguration(), journal: JournalSettings = JournalSettings(),
        sharedCalls: SharedCallSettings = SharedCallSettings(), telemetry: TelemetrySettings = TelemetrySettings(),
        timeZone: String = "UTC", schedules: JobSchedules = JobSchedules(),
        retention: RetentionSettings = RetentionSettings(), logLevel: LogLevel = .info,
        logging: LogSettings = LogSettings()
    ) {
        self.listen = listen
        self.admin = admin
        self.stateDirectory = stateDirectory
        self.database = database
        self.workers = workers
        self.drainTimeout = drainTimeout
        self.user = user
        self.http = http
        self.auth = auth
        self.providers = providers
        self.defaultProvider = defaultProvider
        self.models = models
        self.pricing = pricing
        self.catalogue = catalogue
        self.limits = limits
        self.journal = journal
        self.sharedCalls = sharedCalls
        self.telemetry = telemetry
        self.timeZone = timeZone
        self.schedules = schedules
        self.retention = retention
        self.logLevel = logLevel
        self.logging = logging
    }

    /// All addresses, that of the administration last.
    public var listeners: [ListenerSettings] { self.listen + (self.admin.listen.map { [$0] } ?? []) }

    /// 127.0.0.1:8080: reachable from this machine only until somebody decides otherwise.
    public static let defaultListen = [
        ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 8080))
    ]
}
