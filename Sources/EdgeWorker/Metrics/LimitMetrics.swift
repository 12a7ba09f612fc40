import Domain
import IPC
import Limits

/// What one edge has counted of limits since its start. Lives on the event loop.
struct LimitMetrics {
    /// By scope and kind.
    private var refusals: [UInt16: UInt64] = [:]
    private var crossings: [UInt16: UInt64] = [:]
    private var cuts: UInt64 = 0
    private var granted: UInt64 = 0
    private var denied: UInt64 = 0

    init() {}

    /// A limit has refused something.
    mutating func refused(_ refusal: LimitRefusal) {
        self.refusals[LimitMetrics.pack(refusal.scope, refusal.kind), default: 0] &+= 1
    }

    /// A budget has come to its soft limit.
    mutating func crossed(_ crossing: LimitCrossing) {
        self.crossings[LimitMetrics.pack(crossing.scope, crossing.kind), default: 0] &+= 1
    }

    /// A request was served with less output than it could have had.
    mutating func cut() { self.cuts &+= 1 }

    /// An upstream has asked for one more attempt.
    mutating func asked(isGranted: Bool) {
        if isGranted { self.granted &+= 1 } else { self.denied &+= 1 }
    }

    /// All totals.
    var series: [MetricReport.Series] {
        var series: [MetricReport.Series] = []
        for (name, counts) in [
            ("sluice_limit_refusals_total", self.refusals), ("sluice_limit_soft_crossings_total", self.crossings),
        ] {
            for (key, count) in counts {
                series.append(.init(name: name, labels: LimitMetrics.labels(key), value: .counter(count)))
            }
        }
        series.append(.init(name: "sluice_limit_cut_requests_total", labels: [], value: .counter(self.cuts)))
        for (answer, count) in [("yes", self.granted), ("no", self.denied)] where count > 0 {
            series.append(
                .init(
                    name: "sluice_limit_further_attempts_total", labels: [.init("granted", answer)],
                    value: .counter(count)))
        }
        return series
    }

    private static func pack(_ scope: LimitScope, _ kind: LimitKind) -> UInt16 {
        UInt16(scope.rawValue) << 8 | UInt16(kind.rawValue)
    }

    private static func labels(_ key: UInt16) -> [MetricReport.Label] {
        let scope = LimitScope(rawValue: UInt8(truncatingIfNeeded: key >> 8))
        let kind = LimitKind(rawValue: UInt8(truncatingIfNeeded: key))
        return [.init("scope", "\(scope?.name ?? "")"), .init("limit", "\(kind?.name ?? "")")]
    }
}
