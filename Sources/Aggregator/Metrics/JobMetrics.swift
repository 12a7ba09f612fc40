import Domain
import IPC
import UsageStore

/// What runs by a schedule, as metrics.
enum JobMetrics {
    static func families(_ counts: JobCounts) -> [MetricFamily] {
        // All of them from the beginning: a counter that appears when something fails for the first time shows no increase.
        let runs = Job.allCases.flatMap { job in
            JobResult.allCases.map { result in
                MetricFamily.Sample(
                    labels: [Array(job.rawValue.utf8), Array(result.rawValue.utf8)],
                    value: .counter(counts.runs[JobCounts.Kind(job: job, result: result)] ?? 0))
            }
        }
        let doneAt = counts.doneAt.map { job, time in
            MetricFamily.Sample(labels: [Array(job.rawValue.utf8)], value: .gauge(Int64(clamping: time / 1000)))
        }
        return [
            MetricFamily(definition: MetricCatalogue.jobRuns, samples: runs),
            MetricFamily(definition: MetricCatalogue.jobLastSuccess, samples: doneAt),
        ]
    }
}
