import Metrics

/// What an edge counts of TLS handshakes.
struct TLSMetrics {
    enum Result: Int, CaseIterable {
        case completed, failed, timedOut

        var label: String {
            switch self {
            case .completed: "completed"
            case .failed: "failed"
            case .timedOut: "timed_out"
            }
        }
    }

    private let page: MetricPage
    /// Nothing of gateways without TLS.
    private var counters: [MetricCounter] = []

    init(_ page: MetricPage) {
        self.page = page
    }

    mutating func count(_ result: Result) {
        if self.counters.isEmpty {
            self.counters = Result.allCases.map { self.page.counter(MetricCatalogue.tlsHandshakes, $0.label) }
        }
        self.counters[result.rawValue].add()
    }
}
