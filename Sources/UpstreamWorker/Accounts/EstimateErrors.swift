internal import Metrics

/// Counts by how much estimates of tokens would have been wrong.
struct EstimateErrors {
    /// Upper bounds in millionths: 1 % is 10,000.
    private static let bounds: [UInt64] = [
        10_000, 20_000, 50_000, 100_000, 200_000, 300_000, 500_000, 750_000, 1_000_000, 2_000_000, 5_000_000,
        10_000_000,
    ]

    private let page: MetricPage
    private let provider: String
    private var histogram: MetricHistogram?

    init(_ page: MetricPage, provider: String) {
        self.page = page
        self.provider = provider
    }

    mutating func record(percent: Int) {
        let known = self.histogram
        let histogram =
            known ?? self.page.histogram(MetricCatalogue.estimateError, bounds: Self.bounds, self.provider)
        if known == nil { self.histogram = histogram }
        histogram.record(UInt64(clamping: percent) &* 10_000)
    }
}
