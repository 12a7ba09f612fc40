import IPC

/// Counts durations in fixed buckets.
struct Histogram {
    /// Upper bounds in microseconds.
    static let bounds: [UInt64] = [
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 30_000_000, 60_000_000, 120_000_000, 300_000_000, 600_000_000,
    ]

    private var counts = [UInt64](repeating: 0, count: Histogram.bounds.count + 1)
    private var sum: UInt64 = 0

    /// Nothing was counted yet.
    var isEmpty: Bool { !self.counts.contains { $0 > 0 } }

    mutating func record(microseconds: UInt64) {
        var index = 0
        while index < Histogram.bounds.count, microseconds > Histogram.bounds[index] { index += 1 }
        self.counts[index] &+= 1
        self.sum &+= microseconds
    }

    var value: MetricReport.Value { .histogram(bounds: Histogram.bounds, counts: self.counts, sum: self.sum) }
}
