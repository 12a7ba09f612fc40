internal import IPC

/// Counts by how much estimates of tokens would have been wrong.
struct EstimateErrors {
    /// Upper bounds in millionths: 1 % is 10,000.
    static let bounds: [UInt64] = [
        10_000, 20_000, 50_000, 100_000, 200_000, 300_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000,
        10_000_000,
    ]

    private var counts = [UInt64](repeating: 0, count: EstimateErrors.bounds.count + 1)
    private var sum: UInt64 = 0

    /// Nothing was counted yet.
    var isEmpty: Bool { !self.counts.contains { $0 > 0 } }

    mutating func record(percent: Int) {
        let error = UInt64(clamping: percent) &* 10_000
        self.counts[Self.bounds.firstIndex { error <= $0 } ?? Self.bounds.count] &+= 1
        self.sum &+= error
    }

    var value: MetricReport.Value { .histogram(bounds: Self.bounds, counts: self.counts, sum: self.sum) }
}
