import IPC

/// What an edge has counted of TLS handshakes.
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

    private var counts = InlineArray<3, UInt64>(repeating: 0)

    mutating func count(_ result: Result) { self.counts[result.rawValue] &+= 1 }

    /// Nothing of gateways without TLS.
    var series: [MetricReport.Series] {
        guard Result.allCases.contains(where: { self.counts[$0.rawValue] > 0 }) else { return [] }
        return Result.allCases.map {
            .init(
                name: "sluice_tls_handshakes_total", labels: [.init("result", $0.label)],
                value: .counter(self.counts[$0.rawValue]))
        }
    }
}
