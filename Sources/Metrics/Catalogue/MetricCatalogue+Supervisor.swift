/// What the supervisor counts.
extension MetricCatalogue {
    public static let configurationVersion = MetricDefinition(
        name: "sluice_configuration_version", kind: .gauge,
        help: "The number of the configuration in force; each reload that changes it counts on.")
    public static let degraded = MetricDefinition(
        name: "sluice_degraded", kind: .gauge, help: "1 while processes keep ending, else 0.")
    public static let heartbeatsMissed = MetricDefinition(
        name: "sluice_heartbeats_missed_total", kind: .counter,
        help: "Heartbeats that a process had not answered when the next one was due.", labels: ["role"])
    public static let processRestarts = MetricDefinition(
        name: "sluice_process_restarts_total", kind: .counter,
        help: "Times a process was started again since the supervisor started.", labels: ["role"])
    public static let processUp = MetricDefinition(
        name: "sluice_process_up", kind: .gauge, help: "Processes that are ready now.", labels: ["role"])
    public static let reloads = MetricDefinition(
        name: "sluice_configuration_reloads_total", kind: .counter,
        help: "Reloads of the configuration, by whether they came into force.", labels: ["result"])
    public static let requestsQuarantined = MetricDefinition(
        name: "sluice_requests_quarantined", kind: .gauge,
        help: "Fingerprints of requests that are refused because workers died of them.")

    /// All of them.
    static let supervisor = [
        configurationVersion, degraded, heartbeatsMissed, processRestarts, processUp, reloads, requestsQuarantined,
    ]
}
