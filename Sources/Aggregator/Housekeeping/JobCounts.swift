import Domain
import UsageStore

/// What is told of jobs.
struct JobCounts: Hashable, Sendable {
    struct Kind: Hashable, Sendable {
        var job: Job
        var result: JobResult
    }

    /// How often a job ended here since this process started.
    var runs: [Kind: UInt64] = [:]
    /// When each was done last, by any host, in milliseconds since 1970.
    var doneAt: [Job: UInt64] = [:]
}
