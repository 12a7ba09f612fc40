import Domain
import Metrics
import UsageStore

/// What runs by a schedule, as metrics.
struct JobMetrics {
    private let page: MetricPage
    private var runs: [JobCounts.Kind: MetricTotal] = [:]
    private var doneAt: [Job: MetricGauge] = [:]

    init(_ page: MetricPage) {
        self.page = page
        // All of them from the beginning: a counter that appears when something fails for the first time shows no increase.
        for job in Job.allCases {
            for result in JobResult.allCases {
                self.runs[JobCounts.Kind(job: job, result: result)] = MetricTotal(
                    page.counter(MetricCatalogue.jobRuns, job.rawValue, result.rawValue))
            }
        }
    }

    mutating func update(_ counts: JobCounts) {
        for kind in self.runs.keys { self.runs[kind]?.follow(counts.runs[kind] ?? 0) }
        for (job, time) in counts.doneAt {
            // One that was never done has no time.
            let gauge = self.doneAt[job] ?? self.page.gauge(MetricCatalogue.jobLastSuccess, job.rawValue)
            self.doneAt[job] = gauge
            gauge.set(Int64(clamping: time / 1000))
        }
    }
}
