import Domain
import Metrics

/// What the aggregator counts of its own work, on its own page. Lives on its loop.
struct AggregatorMetrics {
    private let page: MetricPage
    private var ingest: IngestMetrics?
    private var limits: LimitMetrics?

    init(_ page: MetricPage) {
        self.page = page
        page.gauge(MetricCatalogue.buildInfo, SluiceVersion.current).set(1)
    }

    /// Brings the page up to date. `ingest` is what the reading of journals has counted, `limits` what the keeping of the limit table
    /// has; nil before they began, or where that is not asked.
    mutating func update(ingest: IngestCounts?, limits: LimitCounts?) {
        if let ingest {
            if self.ingest == nil { self.ingest = IngestMetrics(self.page) }
            self.ingest?.update(ingest)
        }
        if let limits {
            if self.limits == nil { self.limits = LimitMetrics(self.page) }
            self.limits?.update(limits)
        }
    }
}
