/// What the aggregator counts.
extension MetricCatalogue {
    public static let buildInfo = MetricDefinition(
        name: "sluice_build_info", kind: .gauge, help: "The version that runs; the value is always 1.",
        labels: ["version"])
    public static let seriesRefused = MetricDefinition(
        name: "sluice_metric_series_refused_total", kind: .counter,
        help: "Reported series that were left out because they were malformed or too many.")
    public static let journalBytes = MetricDefinition(
        name: "sluice_journal_bytes", kind: .gauge, help: "Bytes of the journal folder.")
    public static let journalLag = MetricDefinition(
        name: "sluice_journal_lag_bytes", kind: .gauge,
        help: "Bytes of journal that may hold records which are not in the usage database yet.")
    public static let journalTornTails = MetricDefinition(
        name: "sluice_journal_torn_tails_total", kind: .counter,
        help: "Journal segments of which a part could not be read; they were set aside.")
    public static let journalUnreadable = MetricDefinition(
        name: "sluice_journal_unreadable_segments_total", kind: .counter,
        help: "Files named like journal segments that are none; they were left alone.")
    public static let usageBatches = MetricDefinition(
        name: "sluice_usage_batches_total", kind: .counter,
        help: "Transactions in which records came to the usage database.")
    public static let usageDatabaseBytes = MetricDefinition(
        name: "sluice_usage_database_bytes", kind: .gauge, help: "Bytes of the usage database.")
    public static let usageDatabaseErrors = MetricDefinition(
        name: "sluice_usage_database_errors_total", kind: .counter,
        help: "Transactions that the usage database refused; they were tried again.")
    public static let usageDatabaseUp = MetricDefinition(
        name: "sluice_usage_database_up", kind: .gauge,
        help: "1 while the usage database takes what it is given, 0 while it refuses or says nothing for five seconds.")
    public static let usageRecords = MetricDefinition(
        name: "sluice_usage_records_total", kind: .counter,
        help: "Journal records that were brought to the usage database.")
    public static let usageRecovered = MetricDefinition(
        name: "sluice_usage_recovered_requests_total", kind: .counter,
        help: "Requests of dead edges that were settled from their provider calls.")
    public static let limitTableSlots = MetricDefinition(
        name: "sluice_limit_table_slots", kind: .gauge,
        help: "How many keys the limit table can count: those by address, and all others.", labels: ["area"])
    public static let limitTableSlotsUsed = MetricDefinition(
        name: "sluice_limit_table_slots_used", kind: .gauge, help: "How many of them it counts.", labels: ["area"])
    public static let limitTablePlaces = MetricDefinition(
        name: "sluice_limit_table_places", kind: .gauge, help: "How many edges can have a place in the limit table.")
    public static let limitTablePlacesUsed = MetricDefinition(
        name: "sluice_limit_table_places_used", kind: .gauge,
        help: "Edges that have a place in the limit table, those included that died and are not recovered yet.")
    public static let limitTableBytes = MetricDefinition(
        name: "sluice_limit_table_bytes", kind: .gauge, help: "Bytes of the limit table on the disk.")
    public static let limitTablesMade = MetricDefinition(
        name: "sluice_limit_tables_made_total", kind: .counter,
        help: "Limit tables that were made and filled from the usage database.")
    public static let limitRecoveredHolds = MetricDefinition(
        name: "sluice_limit_recovered_holds_total", kind: .counter,
        help: "Requests of dead edges whose holds were ended.")
    public static let journalQuarantined = MetricDefinition(
        name: "sluice_journal_records_quarantined_total", kind: .counter,
        help:
            "Records, or unreadable ends, that were passed over because they are damaged; their segments are set aside."
    )

    public static let jobLastSuccess = MetricDefinition(
        name: "sluice_job_last_success_timestamp_seconds", kind: .gauge,
        help: "When a job was done last, by any host, in seconds since 1970.", labels: ["task"])
    public static let jobRuns = MetricDefinition(
        name: "sluice_job_runs_total", kind: .counter,
        help: "Jobs that ran here by their schedule, by how they ended.", labels: ["task", "result"])

    /// All of them.
    static let aggregator = [
        buildInfo, jobLastSuccess, jobRuns, journalBytes, journalLag, journalQuarantined, journalTornTails,
        journalUnreadable,
        limitRecoveredHolds, limitTableBytes, limitTablePlaces, limitTablePlacesUsed, limitTableSlots,
        limitTableSlotsUsed, limitTablesMade, seriesRefused, usageBatches, usageDatabaseBytes, usageDatabaseErrors,
        usageDatabaseUp, usageRecords, usageRecovered,
    ]
}
