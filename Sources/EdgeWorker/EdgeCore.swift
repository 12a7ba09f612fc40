import Cryptography
import Domain
import IPC
import IPCNIO
import JSON
import EventLog
import Metrics
import NIOCore
import Routing

/// What all connections of one edge share. Lives on the edge's only event loop; nothing here is locked.
///
/// Owns the settings in force, the links to the other processes, the counters, the list of open connections and the clock
/// tick that ends the patience of each.
final class EdgeCore {
    private struct SettingsReference {
        weak var settings: EdgeSettings?
    }

    /// Bytes of request bodies an edge keeps in memory.
    static let bodyBudget = 256 << 20
    private static let tick = TimeAmount.milliseconds(500)
    private static let lastAccepted = TimeAmount.milliseconds(100)

    let eventLoop: any EventLoop
    let flusher: TurnFlusher
    let sha: SHA256
    let scanner = RequestScanner()
    let upstreams = UpstreamPool()
    let budget: BodyBudget
    private(set) var settings: EdgeSettings
    let log: Log
    /// nil where no request is logged.
    private var access: AccessLog?
    var metrics: EdgeMetrics
    var failures = FailureLog()
    let journal: any RequestJournal
    let keys: KeyTable
    let desk: LimitDesk
    /// The process's own number.
    let instance: UInt32
    /// Learns from what providers say of their replies, for those of which they do not.
    var estimator = UsageEstimator()
    /// Requests settled so far.
    var settled: UInt64 = 0
    /// Clients that have gone while their requests were running, until it is known what those have cost.
    var departed: [RecordID: DepartedClient] = [:]
    /// Fingerprints of requests that are refused, and until when, in nanoseconds of the event loop's clock.
    var quarantined: [UInt64: UInt64] = [:]
    /// The newest link to the aggregator, while it is open.
    var aggregator: PeerLink? {
        didSet {
            if let oldValue { self.aggregators.remove(oldValue) }
            if let aggregator = self.aggregator { self.aggregators.add(aggregator) }
        }
    }
    /// The same link; requests wait here until it is open.
    let aggregators = UpstreamPool()
    /// The links to control, of which there is one as a rule; requests wait here until it is open.
    let controls = UpstreamPool()
    /// The value of the `Date` header.
    private(set) var date: [UInt8]
    private(set) var isDraining = false
    private var mayBeDrained = false
    /// The last connection has ended while draining.
    var onDrained: (() -> Void)?
    /// The number of open connections or of active requests has changed.
    var onLoadChange: (() -> Void)?

    private let wallMilliseconds: () -> UInt64
    private var minter: RecordIDMinter
    /// Of chance among targets, which need not be secret.
    private var chance = UInt64.random(in: 0...UInt64.max)
    private var connections = ConnectionList()
    /// Those in force, and those that requests keep.
    private var knownSettings: [SettingsReference] = []
    private var ticking: Scheduled<Void>?

    init(
        eventLoop: any EventLoop, host: UInt32, instance: UInt32, settings: EdgeSettings, log: Log,
        journal: any RequestJournal, keys: any KeyDirectory, page: MetricPage = MetricPage(),
        bodyBudget: Int = EdgeCore.bodyBudget, wallMilliseconds: @escaping () -> UInt64
    ) throws(CryptographyError) {
        self.eventLoop = eventLoop
        self.flusher = TurnFlusher(eventLoop: eventLoop)
        self.sha = try SHA256()
        self.budget = BodyBudget(limit: bodyBudget)
        self.journal = journal
        self.metrics = EdgeMetrics(page)
        self.instance = instance
        self.desk = LimitDesk(keys)
        self.keys = KeyTable(keys) { change in
            switch change {
            case .opened: log.debug("identity table open")
            case .lost(let reason):
                log.warning("keys cannot be looked up", ["error": .string(reason)])
            }
        }
        self.settings = settings
        self.log = log
        self.wallMilliseconds = wallMilliseconds
        self.minter = RecordIDMinter(host: host, instance: instance)
        self.date = HTTPDate.bytes(seconds: wallMilliseconds() / 1000)
        self.use(settings)
        self.keys.refresh(now: self.now)
        self.scheduleTick()
    }

    /// Puts another snapshot in force; requests that have begun keep theirs.
    func use(_ settings: EdgeSettings) {
        self.settings = settings
        self.knownSettings.append(SettingsReference(settings: settings))
        self.countSettings()
        self.log.level = settings.logLevel
        self.log.format = settings.logFormat
        if self.access?.logging != settings.requestLogging || self.access?.format != settings.logFormat
            || settings.logLevel > .info
        {
            self.access?.flushTurn()
            self.access = AccessLog(settings, self.log, self.flusher)
        }
        self.metrics.expect(models: settings.aliases)
    }

    private func countSettings() {
        self.knownSettings.removeAll { $0.settings == nil }
        self.metrics.snapshots = UInt32(clamping: self.knownSettings.count)
    }

    /// Nanoseconds of the event loop's clock.
    var now: UInt64 { self.eventLoop.now.uptimeNanoseconds }

    /// Writes the line of a request that is over.
    @inline(__always)
    func logRequest(_ request: CurrentRequest, _ settlement: Settlement, _ end: @autoclosure () -> AccessLog.End) {
        guard let access = self.access else { return }
        access.write(request, settlement, end(), milliseconds: self.wallMilliseconds())
    }

    /// Seconds since 1970.
    var wallSeconds: Int64 { Int64(clamping: self.wallMilliseconds() / 1000) }

    func mint() -> RecordID { self.minter.mint(milliseconds: self.wallMilliseconds()) }

    /// A number by chance, to choose a target by.
    func random() -> UInt64 {
        self.chance &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.spread(self.chance)
    }

    /// Who brings a credential, by the keys of this moment and the static key of `settings`.
    func identify(_ credential: RequestHead.Credential, _ settings: EdgeSettings) -> Authenticator.Verdict {
        settings.authenticator.authenticate(credential, with: self.sha) { digest in
            self.keys.lookUp(digest, at: self.wallMilliseconds(), now: self.now)
        }
    }

    /// A provider can be asked.
    var isReady: Bool { !self.isDraining && self.upstreams.isAvailable }

    // MARK: Connections

    /// Connections, not the streams on them.
    var openConnections: Int { self.connections.count }

    func add(_ connection: any ClientConnection) {
        self.connections.add(connection)
        // Accepted just before the listeners were closed.
        if self.isDraining { connection.drain() }
        self.onLoadChange?()
    }

    func remove(_ connection: any ClientConnection) {
        guard self.connections.remove(connection) else { return }
        self.onLoadChange?()
        self.checkDrained()
    }

    /// Says so when nothing is left to wait for while draining.
    func checkDrained() {
        if self.mayBeDrained, self.connections.isEmpty, self.departed.isEmpty { self.onDrained?() }
    }

    func requestStarted() {
        self.metrics.inFlight += 1
    }

    func requestFinished() {
        self.metrics.inFlight -= self.metrics.inFlight > 0 ? 1 : 0
        self.onLoadChange?()
    }

    func failed(_ error: GatewayError, record: RecordID, endpoint: Route.Label) {
        self.metrics.record(error)
        self.failures.record(
            error, record: record, endpoint: endpoint, seconds: self.now / 1_000_000_000, to: self.log)
    }

    /// Brings the metrics of what could not be written up to date.
    func countLosses() {
        self.metrics.follow(lostRecords: self.journal.lost)
    }

    // MARK: Time

    private func scheduleTick() {
        self.ticking = self.eventLoop.assumeIsolated().scheduleTask(in: EdgeCore.tick) { [weak self] in
            self?.scheduleTick()
            self?.ticked()
        }
    }

    private func ticked() {
        self.date = HTTPDate.bytes(seconds: self.wallMilliseconds() / 1000)
        let now = self.now
        self.keys.refresh(now: now)
        self.countSettings()
        // A copy: connections that are closed here leave the list.
        for connection in self.connections.all { connection.tick(now: now) }
    }

    // MARK: Draining

    /// Says `Connection: close` with each reply, and closes connections on which no request comes soon. What was accepted at the last
    /// moment is still on its way to the list.
    func drain() {
        guard !self.isDraining else { return }
        self.isDraining = true
        for connection in self.connections.all { connection.drain() }
        self.eventLoop.assumeIsolated().scheduleTask(in: EdgeCore.lastAccepted) { [weak self] in
            self?.mayBeDrained = true
            self?.checkDrained()
        }
    }

    /// Ends what still runs.
    func endDraining() {
        self.mayBeDrained = true
        for connection in self.connections.all { connection.endDraining() }
    }

    /// Ends what waits for an upstream's last word, and settles all that has begun.
    func giveUp() {
        for connection in self.connections.all { connection.giveUp() }
        self.settleAll()
    }

    /// Stops the clock tick, so that nothing keeps this object alive.
    func stop() {
        self.ticking?.cancel()
        self.ticking = nil
    }
}
