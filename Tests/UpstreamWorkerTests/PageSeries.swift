import Metrics

@testable import UpstreamWorker

extension AttemptCounter {
    /// Outcome, who pays, and how many calls ended so; those that went well first.
    var totals: [(outcome: String, billed: String, count: UInt64)] {
        let all = self.page.series().compactMap { series -> (outcome: String, billed: String, count: UInt64)? in
            guard series.name == MetricCatalogue.attempts.name, case .counter(let count) = series.value else {
                return nil
            }
            return (series.labels[1].value, series.labels[2].value, count)
        }
        return all.sorted {
            ($0.outcome != "ok" ? 1 : 0, $0.outcome, $0.billed) < ($1.outcome != "ok" ? 1 : 0, $1.outcome, $1.billed)
        }
    }
}

extension MetricPage {
    /// The value of the only series of a metric.
    func value(of metric: MetricDefinition) -> MetricValue? {
        let all = self.series().filter { $0.name == metric.name }
        return all.count == 1 ? all[0].value : nil
    }
}
