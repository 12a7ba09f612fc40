/// How far a job has come.
public struct JobStanding: Hashable, Sendable {
    /// The last period for which it was finished, whatever came of it.
    public var finished: Int64?
    /// The last period for which it was done.
    public var done: Int64?
    /// When it was done last, in milliseconds since 1970.
    public var doneAt: UInt64?

    /// Of a job that never ran.
    public init(finished: Int64? = nil, done: Int64? = nil, doneAt: UInt64? = nil) {
        self.finished = finished
        self.done = done
        self.doneAt = doneAt
    }
}
