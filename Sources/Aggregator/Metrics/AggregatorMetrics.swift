import Domain
import Metrics

/// What the aggregator counts of its own work, on its own page. Lives on its loop.
struct AggregatorMetrics {
    private let page: MetricPage
    private var ingest: IngestMetrics?
    private var limits: LimitMetrics?
    private var jobs: JobMetrics?

    init(_ page: MetricPage) {
        self.page = page
        page.gauge(MetricCatalogue.buildInfo, SluiceVersion.current).set(1)
    }

    /// Brings the page up to date. `ingest` is what the reading of journals has counted, `limits` what the keeping of the limit table
    /// has, `jobs` what runs by a schedule; nil before they began, or where that is not asked.
    mutating func update(ingest: IngestCounts?, limits: LimitCounts?, jobs: JobCounts?) {
        if let ingest {
            if self.ingest == nil { self.ingest = IngestMetrics(self.page) }
            self.ingest?.update(ingest)
        }
        if let limits {
            if self.limits == nil { self.limits = LimitMetrics(self.page) }
            self.limits?.update(limits)
        }
        if let jobs {
            if self.jobs == nil { self.jobs = JobMetrics(self.page) }
            self.jobs?.update(jobs)
        }
    }
}
