/// What upstreams count.
extension MetricCatalogue {
    public static let attempts = MetricDefinition(
        name: "sluice_provider_attempts_total", kind: .counter,
        help: "Provider calls that have ended, by outcome and by whether the provider takes money for them.",
        labels: ["provider", "outcome", "billed"])
    public static let breakersOpen = MetricDefinition(
        name: "sluice_provider_breaker_open", kind: .gauge,
        help: "Circuit breakers that let nobody through now, or one probe: the provider's and its models'.",
        labels: ["provider"])
    public static let breakersOpened = MetricDefinition(
        name: "sluice_provider_breaker_opened_total", kind: .counter,
        help: "Times a circuit breaker opened: a model's, or the provider's as a whole (no model).",
        labels: ["provider", "model"], openLabels: ["model"])
    public static let connections = MetricDefinition(
        name: "sluice_provider_connections", kind: .gauge, help: "Open connections to providers.")
    public static let hedges = MetricDefinition(
        name: "sluice_provider_hedges_total", kind: .counter,
        help: "Second calls beside slow ones, by whether they were faster.", labels: ["outcome"])
    public static let keysCooled = MetricDefinition(
        name: "sluice_provider_key_cooled_total", kind: .counter,
        help: "Times a key was left alone because it had called too often.", labels: ["provider", "key"])
    public static let keysOut = MetricDefinition(
        name: "sluice_provider_key_out_total", kind: .counter,
        help: "Times a provider refused a key that it had taken before.", labels: ["provider", "key"])
    public static let queueRefused = MetricDefinition(
        name: "sluice_provider_queue_refused_total", kind: .counter,
        help: "Requests that were told to come back later because too many wait for the provider.",
        labels: ["provider"])
    public static let queueTime = MetricDefinition(
        name: "sluice_provider_queue_seconds", kind: .histogram,
        help: "Time that requests waited for a place among a provider's calls, until they had it.",
        labels: ["provider"])
    public static let queueWaiting = MetricDefinition(
        name: "sluice_provider_queue_waiting", kind: .gauge,
        help: "Requests that wait for a place among a provider's calls.", labels: ["provider"])
    public static let retries = MetricDefinition(
        name: "sluice_provider_retries_total", kind: .counter,
        help: "Further calls at a provider that had failed the same request.", labels: ["provider"])
    public static let requestsShared = MetricDefinition(
        name: "sluice_requests_shared_total", kind: .counter,
        help: "Requests that were answered by the provider call of another, identical one.")
    public static let estimateError = MetricDefinition(
        name: "sluice_usage_estimate_error", kind: .histogram,
        help:
            "By how much an estimate of a call's tokens would have missed the provider's numbers; 1 is all of them.",
        labels: ["provider"])

    /// All of them.
    static let upstream = [
        attempts, breakersOpen, breakersOpened, connections, estimateError, hedges, keysCooled, keysOut, queueRefused,
        queueTime, queueWaiting, requestsShared, retries,
    ]
}
