/// Every metric of the gateway. `docs/metrics.md` explains each to operators; a series under any other name is refused.
public enum MetricCatalogue {
    public static let all = Self.edge + Self.upstream + Self.processes + Self.supervisor + Self.aggregator
}
