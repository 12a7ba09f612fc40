/// When each job runs.
public struct JobSchedules: Hashable, Sendable {
    public var rollup: Schedule
    public var prune: Schedule

    public init(rollup: Schedule = .standardRollup, prune: Schedule = .standardPrune) {
        self.rollup = rollup
        self.prune = prune
    }

    public subscript(_ job: Job) -> Schedule {
        switch job {
        case .rollup: self.rollup
        case .prune: self.prune
        }
    }
}
