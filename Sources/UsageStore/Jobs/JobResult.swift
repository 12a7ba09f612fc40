/// How a job came out.
public enum JobResult: String, Hashable, Sendable, CaseIterable {
    case done
    /// What the database refused for good; the next period begins anew.
    case failed
}
