internal import Metrics

/// Counts the requests that wait for one provider, over all reloads. Lives on the worker's loop.
struct QueueCounter {
    /// Upper bounds of waits in microseconds.
    private static let bounds: [UInt64] = [
        1_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
        30_000_000, 60_000_000,
    ]

    private struct Series {
        var waiting: MetricGauge
        var refused: MetricCounter
        var waits: MetricHistogram
    }

    private let page: MetricPage
    private let provider: String
    /// Nothing where nobody ever waited.
    private var series: Series?
    /// Those that wait now.
    private(set) var waiting = 0

    init(_ page: MetricPage, provider: String) {
        self.page = page
        self.provider = provider
    }

    /// Somebody has waited, or was refused.
    var wasUsed: Bool { self.series != nil }

    mutating func entered() {
        self.waiting += 1
        self.used().waiting.set(Int64(clamping: self.waiting))
    }

    mutating func left() {
        self.waiting -= 1
        self.used().waiting.set(Int64(clamping: self.waiting))
    }

    /// One was told to come back later.
    mutating func refuse() {
        self.used().refused.add()
    }

    /// One had its turn after so many nanoseconds.
    mutating func served(after time: UInt64) {
        self.used().waits.record(time / 1000)
    }

    private mutating func used() -> Series {
        if let series = self.series { return series }
        let series = Series(
            waiting: self.page.gauge(MetricCatalogue.queueWaiting, self.provider),
            refused: self.page.counter(MetricCatalogue.queueRefused, self.provider),
            waits: self.page.histogram(MetricCatalogue.queueTime, bounds: Self.bounds, self.provider))
        series.waiting.set(Int64(clamping: self.waiting))
        self.series = series
        return series
    }
}
