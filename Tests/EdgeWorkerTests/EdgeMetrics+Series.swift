import Metrics

@testable import EdgeWorker

extension EdgeMetrics {
    /// All that its page says.
    var series: [MetricSeries] { self.page.series() }
}
