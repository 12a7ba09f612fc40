/// The value of one series.
public enum MetricValue: Hashable, Sendable {
    case counter(UInt64)
    case gauge(Int64)
    /// Counts per bucket (not cumulative; the last is +Inf), upper bounds in millionths, and the sum in millionths.
    case histogram(bounds: [UInt64], counts: [UInt64], sum: UInt64)
}
