import Domain
import Metrics

/// What is counted by project, where the configuration asks for it (`telemetry.metrics.per_project`). Lives on the event loop.
struct ProjectMetrics {
    private struct Counters {
        var tokens: MetricCounter
        var cost: MetricCounter
        /// By class of status: 1xx to 5xx.
        var requests: [MetricCounter]
    }

    /// Projects with series of their own; the others share one.
    private static let limit = 200
    private static let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"]

    private let page: MetricPage
    private var projects: [EntityID: Counters] = [:]

    init(_ page: MetricPage) {
        self.page = page
    }

    mutating func record(_ request: EdgeMetrics.Request, _ project: EntityID) {
        let counters = self.projects[project] ?? self.add(project)
        counters.requests[min(max(Int(request.status / 100), 1), 5) - 1].add()
        if let usage = request.usage {
            counters.tokens.add(UInt64(clamping: usage.promptTokens) &+ UInt64(clamping: usage.completionTokens))
        }
        if let cost = request.cost { counters.cost.add(UInt64(clamping: cost)) }
    }

    private mutating func add(_ project: EntityID) -> Counters {
        var label = Array(project.text(.project).utf8)
        let isRoom = self.projects.count < 50 * Self.limit
        if !isRoom || self.page.counter(MetricCatalogue.projectTokens, [label], limit: Self.limit) == nil {
            label = Array("other".utf8)
        }
        let counters = Counters(
            tokens: self.page.counter(MetricCatalogue.projectTokens, [label]),
            cost: self.page.counter(MetricCatalogue.projectCost, [label]),
            requests: Self.classes.map {
                self.page.counter(MetricCatalogue.projectRequests, [label, Array($0.utf8)])
            })
        if isRoom { self.projects[project] = counters }
        return counters
    }
}
