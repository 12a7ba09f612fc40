/// What edges count.
extension MetricCatalogue {
    public static let cost = MetricDefinition(
        name: "sluice_cost_dollars_total", kind: .counter, unit: .billionth,
        help: "Cost of requests in US dollars, where the price is known.",
        labels: ["model", "provider"], openLabels: ["model"])
    public static let errors = MetricDefinition(
        name: "sluice_errors_total", kind: .counter,
        help: "Requests that ended with an error, by who has to act and the error's code.",
        labels: ["source", "code"])
    public static let limitCuts = MetricDefinition(
        name: "sluice_limit_cut_requests_total", kind: .counter,
        help: "Requests whose output was cut down to what a budget could pay.")
    public static let limitFurtherAttempts = MetricDefinition(
        name: "sluice_limit_further_attempts_total", kind: .counter,
        help: "Further provider calls that upstreams asked for and that had to be held.", labels: ["granted"])
    public static let limitRefusals = MetricDefinition(
        name: "sluice_limit_refusals_total", kind: .counter,
        help: "Requests and further attempts that a limit refused, and wrong keys beyond theirs.",
        labels: ["scope", "limit"])
    public static let limitSoftCrossings = MetricDefinition(
        name: "sluice_limit_soft_crossings_total", kind: .counter,
        help: "Budgets that have come to their soft limit.", labels: ["scope", "limit"])
    public static let requestDuration = MetricDefinition(
        name: "sluice_request_duration_seconds", kind: .histogram,
        help: "Time from a request's head to the last byte of its reply.", labels: ["endpoint"])
    public static let requestsInFlight = MetricDefinition(
        name: "sluice_requests_in_flight", kind: .gauge, help: "Requests that are being served now.")
    public static let requests = MetricDefinition(
        name: "sluice_requests_total", kind: .counter, help: "Requests that have ended, by the status sent.",
        labels: ["endpoint", "model", "provider", "status"], openLabels: ["model"])
    public static let firstToken = MetricDefinition(
        name: "sluice_time_to_first_token_seconds", kind: .histogram,
        help: "Time from a request's head to the first content of its reply.", labels: ["endpoint"])
    public static let tlsHandshakes = MetricDefinition(
        name: "sluice_tls_handshakes_total", kind: .counter,
        help: "TLS handshakes of clients, by how they ended.", labels: ["result"])
    public static let tokens = MetricDefinition(
        name: "sluice_tokens_total", kind: .counter,
        help: "Tokens of requests by class, as providers reported them or estimated.",
        labels: ["model", "provider", "class"], openLabels: ["model"])
    public static let projectCost = MetricDefinition(
        name: "sluice_project_cost_dollars_total", kind: .counter, unit: .billionth,
        help: "Cost of a project's requests in US dollars, where the price is known.", labels: ["project"],
        openLabels: ["project"])
    public static let projectRequests = MetricDefinition(
        name: "sluice_project_requests_total", kind: .counter,
        help: "Requests of a project that have ended, by the class of the status sent.",
        labels: ["project", "status"], openLabels: ["project"])
    public static let projectTokens = MetricDefinition(
        name: "sluice_project_tokens_total", kind: .counter,
        help: "Tokens of a project's requests, as providers reported them or estimated.", labels: ["project"],
        openLabels: ["project"])

    /// All of them.
    static let edge = [
        cost, errors, firstToken, limitCuts, limitFurtherAttempts, limitRefusals, limitSoftCrossings, projectCost,
        projectRequests, projectTokens, requestDuration, requests, requestsInFlight, tlsHandshakes, tokens,
    ]
}
