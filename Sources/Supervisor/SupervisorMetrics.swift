import Domain
import EventLog
import Metrics

/// What the supervisor counts, on its own metric page. Lives on its loop.
struct SupervisorMetrics {
    private let page: MetricPage
    private var process: ProcessMetrics
    private let degraded: MetricGauge
    private let quarantined: MetricGauge
    private let version: MetricGauge
    /// By role.
    private let up: [Role: MetricGauge]
    private var restarts: [Role: MetricTotal]
    private let missed: [Role: MetricCounter]
    private let reloaded: MetricCounter
    private let reloadFailed: MetricCounter

    /// Of the supervisor: without one nobody sees what it counts. `pastRestarts`: those that stand on the page already.
    init(_ page: MetricPage = MetricPage(), pastRestarts: [Role: UInt64] = [:]) {
        self.page = page
        self.process = ProcessMetrics(page, role: .supervisor)
        self.degraded = page.gauge(MetricCatalogue.degraded)
        self.quarantined = page.gauge(MetricCatalogue.requestsQuarantined)
        self.version = page.gauge(MetricCatalogue.configurationVersion)
        self.reloaded = page.counter(MetricCatalogue.reloads, "in_force")
        self.reloadFailed = page.counter(MetricCatalogue.reloads, "failed")
        var up: [Role: MetricGauge] = [:]
        var restarts: [Role: MetricTotal] = [:]
        var missed: [Role: MetricCounter] = [:]
        for role in Role.allCases {
            up[role] = page.gauge(MetricCatalogue.processUp, role.label)
            restarts[role] = MetricTotal(
                page.counter(MetricCatalogue.processRestarts, role.label), from: pastRestarts[role] ?? 0)
            if role != .supervisor { missed[role] = page.counter(MetricCatalogue.heartbeatsMissed, role.label) }
        }
        self.up = up
        self.restarts = restarts
        self.missed = missed
    }

    /// How the tree is.
    mutating func update(_ figures: TreeFigures) {
        for (role, count) in figures.up { self.up[role]?.set(Int64(count)) }
        for (role, count) in figures.restarts { self.restarts[role]?.follow(count) }
        self.degraded.set(figures.isDegraded ? 1 : 0)
        self.quarantined.set(Int64(figures.quarantined))
        self.version.set(Int64(clamping: figures.version))
    }

    /// A process has not answered a heartbeat before the next.
    func missedBeat(_ role: Role) { self.missed[role]?.add() }

    /// What the log is told, as far as it is counted.
    func noted(_ note: SupervisorNote) {
        switch note {
        case .reloaded: self.reloaded.add()
        case .reloadFailed: self.reloadFailed.add()
        default: break
        }
    }

    /// A second has passed.
    mutating func beat(droppedLines: UInt64) { self.process.update(droppedLines: droppedLines) }
}
