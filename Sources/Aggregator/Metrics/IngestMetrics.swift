import Metrics

/// The reading of journals as metrics.
struct IngestMetrics {
    private var totals: [(total: MetricTotal, value: KeyPath<IngestCounts, UInt64>)]
    private let gauges: [(gauge: MetricGauge, value: KeyPath<IngestCounts, UInt64>)]
    private let isUp: MetricGauge

    init(_ page: MetricPage) {
        func total(_ metric: MetricDefinition) -> MetricTotal { MetricTotal(page.counter(metric)) }
        self.totals = [
            (total(MetricCatalogue.journalTornTails), \.tornTails),
            (total(MetricCatalogue.journalQuarantined), \.quarantinedRecords),
            (total(MetricCatalogue.journalUnreadable), \.unreadable), (total(MetricCatalogue.usageBatches), \.batches),
            (total(MetricCatalogue.usageDatabaseErrors), \.databaseErrors),
            (total(MetricCatalogue.usageRecords), \.records), (total(MetricCatalogue.usageRecovered), \.recovered),
        ]
        self.gauges = [
            (page.gauge(MetricCatalogue.journalBytes), \.journalBytes),
            (page.gauge(MetricCatalogue.journalLag), \.lag),
            (page.gauge(MetricCatalogue.usageDatabaseBytes), \.databaseBytes),
        ]
        self.isUp = page.gauge(MetricCatalogue.usageDatabaseUp)
    }

    mutating func update(_ counts: IngestCounts) {
        for index in self.totals.indices { self.totals[index].total.follow(counts[keyPath: self.totals[index].value]) }
        for (gauge, value) in self.gauges { gauge.set(Int64(clamping: counts[keyPath: value])) }
        self.isUp.set(counts.isUp ? 1 : 0)
    }
}
