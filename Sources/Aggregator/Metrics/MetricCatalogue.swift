/// Every metric of the gateway. `docs/metrics.md` explains each to operators; a series under any other name is refused.
public enum MetricCatalogue {
    /// What edges and upstreams report, and the aggregator of itself.
    public static let reported: [MetricDefinition] = [
        MetricDefinition(
            name: "sluice_cost_dollars_total", kind: .counter, unit: .billionth,
            help: "Cost of requests in US dollars, where the price is known.",
            labels: ["model", "provider"], openLabels: ["model"]),
        MetricDefinition(
            name: "sluice_errors_total", kind: .counter,
            help: "Requests that ended with an error, by who has to act and the error's code.",
            labels: ["source", "code"]),
        MetricDefinition(
            name: "sluice_limit_cut_requests_total", kind: .counter,
            help: "Requests whose output was cut down to what a budget could pay."),
        MetricDefinition(
            name: "sluice_limit_further_attempts_total", kind: .counter,
            help: "Further provider calls that upstreams asked for and that had to be held.", labels: ["granted"]),
        MetricDefinition(
            name: "sluice_limit_refusals_total", kind: .counter,
            help: "Requests and further attempts that a limit refused, and wrong keys beyond theirs.",
            labels: ["scope", "limit"]),
        MetricDefinition(
            name: "sluice_limit_soft_crossings_total", kind: .counter,
            help: "Budgets that have come to their soft limit.", labels: ["scope", "limit"]),
        MetricDefinition(
            name: "sluice_log_lines_dropped_total", kind: .counter,
            help: "Lines of the log that were not written, as nobody took them.", labels: ["role"]),
        MetricDefinition(
            name: "sluice_provider_attempts_total", kind: .counter,
            help: "Provider calls that have ended, by outcome and by whether the provider takes money for them.",
            labels: ["provider", "outcome", "billed"]),
        MetricDefinition(
            name: "sluice_provider_breaker_open", kind: .gauge,
            help: "Circuit breakers that let nobody through now, or one probe: the provider's and its models'.",
            labels: ["provider"]),
        MetricDefinition(
            name: "sluice_provider_breaker_opened_total", kind: .counter,
            help: "Times a circuit breaker opened: a model's, or the provider's as a whole (no model).",
            labels: ["provider", "model"], openLabels: ["model"]),
        MetricDefinition(
            name: "sluice_provider_connections", kind: .gauge, help: "Open connections to providers."),
        MetricDefinition(
            name: "sluice_provider_hedges_total", kind: .counter,
            help: "Second calls beside slow ones, by whether they were faster.", labels: ["outcome"]),
        MetricDefinition(
            name: "sluice_provider_key_cooled_total", kind: .counter,
            help: "Times a key was left alone because it had called too often.", labels: ["provider", "key"]),
        MetricDefinition(
            name: "sluice_provider_key_out_total", kind: .counter,
            help: "Times a provider refused a key that it had taken before.", labels: ["provider", "key"]),
        MetricDefinition(
            name: "sluice_provider_queue_refused_total", kind: .counter,
            help: "Requests that were told to come back later because too many wait for the provider.",
            labels: ["provider"]),
        MetricDefinition(
            name: "sluice_provider_queue_seconds", kind: .histogram,
            help: "Time that requests waited for a place among a provider's calls, until they had it.",
            labels: ["provider"]),
        MetricDefinition(
            name: "sluice_provider_queue_waiting", kind: .gauge,
            help: "Requests that wait for a place among a provider's calls.", labels: ["provider"]),
        MetricDefinition(
            name: "sluice_provider_retries_total", kind: .counter,
            help: "Further calls at a provider that had failed the same request.", labels: ["provider"]),
        MetricDefinition(
            name: "sluice_records_lost_total", kind: .counter,
            help: "Records that were not written because the journal was full and its policy is open."),
        MetricDefinition(
            name: "sluice_request_duration_seconds", kind: .histogram,
            help: "Time from a request's head to the last byte of its reply.", labels: ["endpoint"]),
        MetricDefinition(
            name: "sluice_requests_in_flight", kind: .gauge, help: "Requests that are being served now."),
        MetricDefinition(
            name: "sluice_requests_shared_total", kind: .counter,
            help: "Requests that were answered by the provider call of another, identical one."),
        MetricDefinition(
            name: "sluice_requests_total", kind: .counter, help: "Requests that have ended, by the status sent.",
            labels: ["endpoint", "model", "provider", "status"], openLabels: ["model"]),
        MetricDefinition(
            name: "sluice_snapshots", kind: .gauge,
            help: "Versions of the configuration that workers hold, those included that requests still keep.",
            labels: ["role"]),
        MetricDefinition(
            name: "sluice_time_to_first_token_seconds", kind: .histogram,
            help: "Time from a request's head to the first content of its reply.", labels: ["endpoint"]),
        MetricDefinition(
            name: "sluice_tls_handshakes_total", kind: .counter,
            help: "TLS handshakes of clients, by how they ended.", labels: ["result"]),
        MetricDefinition(
            name: "sluice_tokens_total", kind: .counter,
            help: "Tokens of requests by class, as providers reported them or estimated.",
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

    static let journalBytes = MetricDefinition(
        name: "sluice_journal_bytes", kind: .gauge, help: "Bytes of the journal folder.")
    static let journalLag = MetricDefinition(
        name: "sluice_journal_lag_bytes", kind: .gauge,
        help: "Bytes of journal that may hold records which are not in the usage database yet.")
    static let journalTornTails = MetricDefinition(
        name: "sluice_journal_torn_tails_total", kind: .counter,
        help: "Journal segments of which a part could not be read; they were set aside.")
    static let journalUnreadable = MetricDefinition(
        name: "sluice_journal_unreadable_segments_total", kind: .counter,
        help: "Files named like journal segments that are none; they were left alone.")
    static let usageBatches = MetricDefinition(
        name: "sluice_usage_batches_total", kind: .counter,
        help: "Transactions in which records came to the usage database.")
    static let usageDatabaseBytes = MetricDefinition(
        name: "sluice_usage_database_bytes", kind: .gauge, help: "Bytes of the usage database.")
    static let usageDatabaseErrors = MetricDefinition(
        name: "sluice_usage_database_errors_total", kind: .counter,
        help: "Transactions that the usage database refused; they were tried again.")
    static let usageDatabaseUp = MetricDefinition(
        name: "sluice_usage_database_up", kind: .gauge,
        help: "1 while the usage database takes what it is given, 0 while it refuses or says nothing for five seconds.")
    static let usageRecords = MetricDefinition(
        name: "sluice_usage_records_total", kind: .counter,
        help: "Journal records that were brought to the usage database.")
    static let usageRecovered = MetricDefinition(
        name: "sluice_usage_recovered_requests_total", kind: .counter,
        help: "Requests of dead edges that were settled from their provider calls.")

    /// What is known once the journals are read.
    static let ingest = [
        journalBytes, journalLag, journalTornTails, journalUnreadable, usageBatches, usageDatabaseBytes,
        usageDatabaseErrors, usageDatabaseUp, usageRecords, usageRecovered,
    ]

    static let limitTableSlots = MetricDefinition(
        name: "sluice_limit_table_slots", kind: .gauge,
        help: "How many keys the limit table can count: those by address, and all others.", labels: ["area"])
    static let limitTableSlotsUsed = MetricDefinition(
        name: "sluice_limit_table_slots_used", kind: .gauge, help: "How many of them it counts.", labels: ["area"])
    static let limitTablePlaces = MetricDefinition(
        name: "sluice_limit_table_places", kind: .gauge, help: "How many edges can have a place in the limit table.")
    static let limitTablePlacesUsed = MetricDefinition(
        name: "sluice_limit_table_places_used", kind: .gauge,
        help: "Edges that have a place in the limit table, those included that died and are not recovered yet.")
    static let limitTableBytes = MetricDefinition(
        name: "sluice_limit_table_bytes", kind: .gauge, help: "Bytes of the limit table on the disk.")
    static let limitTablesMade = MetricDefinition(
        name: "sluice_limit_tables_made_total", kind: .counter,
        help: "Limit tables that were made and filled from the usage database.")
    static let limitRecoveredHolds = MetricDefinition(
        name: "sluice_limit_recovered_holds_total", kind: .counter,
        help: "Requests of dead edges whose holds were ended.")

    /// What is known where a limit table is kept.
    static let limitTable = [
        limitTableSlots, limitTableSlotsUsed, limitTablePlaces, limitTablePlacesUsed, limitTableBytes,
        limitTablesMade, limitRecoveredHolds,
    ]

    static let jobLastSuccess = MetricDefinition(
        name: "sluice_job_last_success_timestamp_seconds", kind: .gauge,
        help: "When a job was done last, by any host, in seconds since 1970.", labels: ["job"])
    static let jobRuns = MetricDefinition(
        name: "sluice_job_runs_total", kind: .counter,
        help: "Jobs that ran here by their schedule, by how they ended.", labels: ["job", "result"])

    /// What is known once the journals are read, of what runs by a schedule.
    static let jobs = [jobLastSuccess, jobRuns]

    /// What the aggregator itself knows; nobody may report these.
    public static let own = [buildInfo, seriesRefused, processRestarts, processUp] + ingest + limitTable + jobs
}
