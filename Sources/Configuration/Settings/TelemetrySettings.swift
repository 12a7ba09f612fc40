public import Domain

/// What the gateway tells of what it does.
public struct TelemetrySettings: Hashable, Sendable {
    /// Metrics count requests, tokens and cost of each project, too.
    public var countsProjects: Bool
    /// Where replies say where they come from and what they cost.
    public var responseExtension: ResponseExtension

    public init(countsProjects: Bool = false, responseExtension: ResponseExtension = .headers) {
        self.countsProjects = countsProjects
        self.responseExtension = responseExtension
    }
}
