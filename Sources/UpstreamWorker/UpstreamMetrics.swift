internal import HTTPClient
internal import IPC

/// What an upstream counts, as the aggregator gets it.
enum UpstreamMetrics {
    static func report(_ services: UpstreamServices) -> MetricReport {
        let attempts = services.providers.attempts.sorted { $0.key < $1.key }.flatMap { provider, counter in
            counter.totals.map { total in
                MetricReport.Series(
                    name: "sluice_provider_attempts_total",
                    labels: [MetricReport.Label("provider", provider), MetricReport.Label("outcome", total.outcome)],
                    value: .counter(total.count))
            }
        }
        let connections = MetricReport.Series(
            name: "sluice_provider_connections", labels: [], value: .gauge(Int64(services.client.connections)))
        return MetricReport(series: attempts + [connections])
    }
}
