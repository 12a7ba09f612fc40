public import Domain

/// What is known of a job in one period. Times in milliseconds since 1970.
public struct JobRun: Hashable, Sendable {
    public var job: Job
    /// Of the job's schedule.
    public var period: Int64
    /// Who has, or had, the claim.
    public var host: UInt32
    public var started: UInt64
    /// It is its host's until then.
    public var heldUntil: UInt64
    /// Nil while it runs, and where it was left off.
    public var finished: UInt64?
    /// Nil as long as `finished` is.
    public var result: JobResult?
    /// Rows that were removed, or put right.
    public var amount: Int64
}
