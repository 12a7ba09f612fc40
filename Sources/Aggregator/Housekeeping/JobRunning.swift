import Domain
import UsageStore

/// A job that this host is at.
final class JobRunning {
    let claim: JobClaim
    /// How far the job had come before.
    let standing: JobStanding
    /// When it was begun, in milliseconds since 1970.
    let begun: UInt64
    /// Monotonic, in nanoseconds.
    var renewsAt: UInt64
    var size = StepSize()
    /// Rows that were removed, or put right.
    var amount: Int64 = 0
    /// What is left to do, by the connection that is open.
    private var work: (steps: any JobSteps, sink: any UsageSink)?

    init(_ claim: JobClaim, _ standing: JobStanding, begun: UInt64, renewsAt: UInt64) {
        self.claim = claim
        self.standing = standing
        self.begun = begun
        self.renewsAt = renewsAt
    }

    /// What is left to do; begun anew, by `make`, where the database was opened anew.
    func steps(_ sink: any UsageSink, make: () -> any JobSteps) -> any JobSteps {
        if let work, work.sink === sink { return work.steps }
        let steps = make()
        self.work = (steps, sink)
        return steps
    }
}
