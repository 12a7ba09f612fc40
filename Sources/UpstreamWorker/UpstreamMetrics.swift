internal import Domain
internal import EventLog
internal import HTTPClient
internal import IPC

/// What an upstream counts, as the aggregator gets it.
enum UpstreamMetrics {
    static func report(_ services: UpstreamServices) -> MetricReport {
        let providers = services.providers.attempts.sorted { $0.key < $1.key }
        let attempts = providers.flatMap { provider, counter in
            counter.totals.map { total in
                MetricReport.Series(
                    name: "sluice_provider_attempts_total",
                    labels: [
                        MetricReport.Label("provider", provider), MetricReport.Label("outcome", total.key.outcome),
                        MetricReport.Label("billed", total.key.billed.label),
                    ], value: .counter(total.count))
            }
        }
        let errors = providers.filter { !$0.value.estimateErrors.isEmpty }.map { provider, counter in
            MetricReport.Series(
                name: "sluice_usage_estimate_error", labels: [MetricReport.Label("provider", provider)],
                value: counter.estimateErrors.value)
        }
        let connections = MetricReport.Series(
            name: "sluice_provider_connections", labels: [], value: .gauge(Int64(services.client.connections)))
        let lost = MetricReport.Series(
            name: "sluice_records_lost_total", labels: [], value: .counter(services.journal?.lost ?? 0))
        let dropped = MetricReport.Series(
            name: "sluice_log_lines_dropped_total", labels: [MetricReport.Label("role", Role.upstream.label)],
            value: .counter(services.log.droppedLines))
        let snapshots = MetricReport.Series(
            name: "sluice_snapshots", labels: [MetricReport.Label("role", "upstream")],
            value: .gauge(Int64(services.providers.alive)))
        let queues = providers.filter(\.value.queue.wasUsed).flatMap { provider, counter in
            UpstreamMetrics.queue(counter.queue, [MetricReport.Label("provider", provider)])
        }
        let shared = MetricReport.Series(
            name: "sluice_requests_shared_total", labels: [], value: .counter(services.sharedCalls.joined))
        let breakers = services.health.openBreakers.map { provider, count in
            MetricReport.Series(
                name: "sluice_provider_breaker_open", labels: [MetricReport.Label("provider", provider)],
                value: .gauge(Int64(count)))
        }
        return MetricReport(
            series: attempts + errors + queues + breakers + services.health.counters.series
                + [shared, connections, lost, dropped, snapshots])
    }

    private static func queue(_ counter: QueueCounter, _ labels: [MetricReport.Label]) -> [MetricReport.Series] {
        [
            MetricReport.Series(
                name: "sluice_provider_queue_waiting", labels: labels, value: .gauge(Int64(clamping: counter.waiting))),
            MetricReport.Series(
                name: "sluice_provider_queue_refused_total", labels: labels, value: .counter(counter.refused)),
            MetricReport.Series(name: "sluice_provider_queue_seconds", labels: labels, value: counter.waits),
        ]
    }
}
