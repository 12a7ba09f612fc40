public import Domain

/// The right to do a job for a period, as long as it is renewed.
public struct JobClaim: Hashable, Sendable {
    public var job: Job
    /// Of the job's schedule.
    public var period: Int64
    public var host: UInt32
    /// Tells it from claims of the same period before and after it.
    public var number: Int64
}
