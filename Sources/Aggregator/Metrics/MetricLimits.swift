/// What the aggregator keeps at most, so that a process that reports nonsense (or a client that invents model names)
/// can neither fill its memory nor the monitoring system's.
public struct MetricLimits: Hashable, Sendable {
    /// Lines of output that series may take in all: 1 per counter or gauge, one per bucket and 2 more per histogram.
    public var lines: Int
    /// Of these, how many are kept for series whose open labels have been replaced by `other`.
    public var reserved: Int
    /// Bytes of one label value.
    public var labelValue: Int
    /// Buckets of one histogram.
    public var buckets: Int

    public init(lines: Int = 10_000, reserved: Int = 1_000, labelValue: Int = 256, buckets: Int = 64) {
        self.lines = lines
        self.reserved = reserved
        self.labelValue = labelValue
        self.buckets = buckets
    }
}
