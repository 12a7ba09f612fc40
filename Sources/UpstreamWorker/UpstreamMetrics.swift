internal import Domain
internal import HTTPClient
internal import Metrics

/// What an upstream counts that belongs to no single provider, and what others keep count of. Lives on the worker's loop.
struct UpstreamMetrics {
    private let page: MetricPage
    private let connections: MetricGauge
    private let snapshots: MetricGauge
    private var lostRecords: MetricTotal
    private var breakers: [String: MetricGauge] = [:]

    init(_ page: MetricPage) {
        self.page = page
        self.connections = page.gauge(MetricCatalogue.connections)
        self.snapshots = page.gauge(MetricCatalogue.snapshots, Role.upstream.label)
        self.lostRecords = MetricTotal(page.counter(MetricCatalogue.recordsLost))
    }

    /// Brings up to date what does not follow by itself.
    mutating func update(_ services: UpstreamServices) {
        self.connections.set(Int64(services.client.connections))
        self.snapshots.set(Int64(services.providers.alive))
        self.lostRecords.follow(services.journal?.lost ?? 0)
        for (provider, count) in services.health.openBreakers {
            let gauge = self.breakers[provider] ?? self.page.gauge(MetricCatalogue.breakersOpen, provider)
            self.breakers[provider] = gauge
            gauge.set(Int64(count))
        }
    }
}
