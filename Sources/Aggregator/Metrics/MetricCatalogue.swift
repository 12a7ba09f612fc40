/// Every metric of the gateway. `docs/metrics.md` explains each to operators; a series under any other name is refused.
public enum MetricCatalogue {
    /// What edges and upstreams report.
    public static let reported: [MetricDefinition] = [
        MetricDefinition(
            name: "sluice_errors_total", kind: .counter,
            help: "Requests that ended with an error, by who has to act and the error's code.",
            labels: ["source", "code"]),
        MetricDefinition(
            name: "sluice_provider_attempts_total", kind: .counter,
            help: "Provider calls that have ended, by outcome and by whether the provider takes money for them.",
            labels: ["provider", "outcome", "billed"]),
        MetricDefinition(
            name: "sluice_provider_connections", kind: .gauge, help: "Open connections to providers."),
        MetricDefinition(
            name: "sluice_records_lost_total", kind: .counter,
            help:
                "Usage records that were not written because the journal was full and the policy is to serve all the same."
        ),
        MetricDefinition(
            name: "sluice_request_duration_seconds", kind: .histogram,
            help: "Time from a request's head to the last byte of its reply.", labels: ["endpoint"]),
        MetricDefinition(
            name: "sluice_requests_in_flight", kind: .gauge, help: "Requests that are being served now."),
        MetricDefinition(
            name: "sluice_requests_total", kind: .counter, help: "Requests that have ended, by the status sent.",
            labels: ["endpoint", "model", "provider", "status"], openLabels: ["model"]),
        MetricDefinition(
            name: "sluice_time_to_first_token_seconds", kind: .histogram,
            help: "Time from a request's head to the first content of its reply.", labels: ["endpoint"]),
        MetricDefinition(
            name: "sluice_tokens_total", kind: .counter, help: "Tokens that providers reported, by class.",
            labels: ["model", "provider", "class"], openLabels: ["model"]),
        MetricDefinition(
            name: "sluice_usage_estimate_error", kind: .histogram,
            help:
                "By how much an estimate of a call's tokens would have missed the provider's numbers; 1 is all of them.",
            labels: ["provider"]),
    ]

    static let buildInfo = MetricDefinition(
        name: "sluice_build_info", kind: .gauge, help: "The version that runs; the value is always 1.",
        labels: ["version"])
    static let seriesRefused = MetricDefinition(
        name: "sluice_metric_series_refused_total", kind: .counter,
        help: "Reported series that were left out because they were malformed or too many.")
    static let processRestarts = MetricDefinition(
        name: "sluice_process_restarts_total", kind: .counter,
        help: "Times a process was started again since the supervisor started.", labels: ["role"])
    static let processUp = MetricDefinition(
        name: "sluice_process_up", kind: .gauge, help: "Processes that are ready now.", labels: ["role"])

    /// What the aggregator itself knows; nobody may report these.
    public static let own = [buildInfo, seriesRefused, processRestarts, processUp]
}
