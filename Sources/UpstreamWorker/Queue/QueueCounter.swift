internal import IPC

/// Counts the requests that have waited for one provider since the process started, over all reloads. Lives on the worker's
/// loop.
struct QueueCounter {
    /// Upper bounds of waits in microseconds.
    static let bounds: [UInt64] = [
        1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
        30_000_000, 60_000_000,
    ]

    /// Those that wait now.
    var waiting = 0
    /// Those that were told to come back later.
    private(set) var refused: UInt64 = 0
    private var counts = [UInt64](repeating: 0, count: QueueCounter.bounds.count + 1)
    private var sum: UInt64 = 0
    /// Somebody has waited, or was refused.
    private(set) var wasUsed = false

    mutating func entered() {
        self.wasUsed = true
        self.waiting += 1
    }

    mutating func refuse() {
        self.wasUsed = true
        self.refused &+= 1
    }

    /// One had its turn after so many nanoseconds.
    mutating func served(after time: UInt64) {
        let microseconds = time / 1000
        self.counts[Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count] &+= 1
        self.sum &+= microseconds
    }

    var waits: MetricReport.Value { .histogram(bounds: Self.bounds, counts: self.counts, sum: self.sum) }
}
