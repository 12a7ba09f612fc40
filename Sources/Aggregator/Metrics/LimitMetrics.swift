import Limits
import Metrics

/// The limit table as metrics.
struct LimitMetrics {
    private var tablesMade: MetricTotal
    private var recoveredHolds: MetricTotal
    private let slots: [(gauge: MetricGauge, value: KeyPath<LimitTableRoom, Int>)]

    init(_ page: MetricPage) {
        self.tablesMade = MetricTotal(page.counter(MetricCatalogue.limitTablesMade))
        self.recoveredHolds = MetricTotal(page.counter(MetricCatalogue.limitRecoveredHolds))
        self.slots = [
            (page.gauge(MetricCatalogue.limitTableSlots, "addresses"), \.addressSlots),
            (page.gauge(MetricCatalogue.limitTableSlots, "others"), \.slots),
            (page.gauge(MetricCatalogue.limitTableSlotsUsed, "addresses"), \.usedAddressSlots),
            (page.gauge(MetricCatalogue.limitTableSlotsUsed, "others"), \.usedSlots),
            (page.gauge(MetricCatalogue.limitTablePlaces), \.places),
            (page.gauge(MetricCatalogue.limitTablePlacesUsed), \.usedPlaces),
            (page.gauge(MetricCatalogue.limitTableBytes), \.bytes),
        ]
    }

    mutating func update(_ counts: LimitCounts) {
        self.tablesMade.follow(counts.tablesMade)
        self.recoveredHolds.follow(counts.recoveredHolds)
        guard let room = counts.room else { return }
        for (gauge, value) in self.slots { gauge.set(Int64(clamping: room[keyPath: value])) }
    }
}
