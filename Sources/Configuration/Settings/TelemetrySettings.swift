/// What the gateway tells of what it does.
public struct TelemetrySettings: Hashable, Sendable {
    /// Metrics count requests, tokens and cost of each project, too.
    public var countsProjects: Bool

    public init(countsProjects: Bool = false) {
        self.countsProjects = countsProjects
    }
}
