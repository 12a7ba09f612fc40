import Metrics

/// A histogram for each endpoint, made when the first time of that endpoint comes.
struct RequestHistograms {
    /// Upper bounds in microseconds.
    private static let bounds: [UInt64] = [
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 30_000_000, 60_000_000, 120_000_000, 300_000_000, 600_000_000,
    ]

    private let page: MetricPage
    private let metric: MetricDefinition
    private var histograms: [MetricHistogram?]

    init(_ page: MetricPage, _ metric: MetricDefinition) {
        self.page = page
        self.metric = metric
        self.histograms = .init(repeating: nil, count: Route.Label.allCases.count)
    }

    mutating func record(_ endpoint: Route.Label, microseconds: UInt64) {
        let place = Int(endpoint.rawValue)
        if self.histograms[place] == nil {
            self.histograms[place] = self.page.histogram(self.metric, bounds: Self.bounds, endpoint.text)
        }
        self.histograms[place]?.record(microseconds)
    }
}
