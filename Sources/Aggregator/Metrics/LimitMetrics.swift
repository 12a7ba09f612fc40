import Domain
import IPC
import Limits

/// The limit table as metrics.
enum LimitMetrics {
    static func families(_ counts: LimitCounts) -> [MetricFamily] {
        var families = [
            Self.counter(MetricCatalogue.limitTablesMade, counts.tablesMade),
            Self.counter(MetricCatalogue.limitRecoveredHolds, counts.recoveredHolds),
        ]
        guard let room = counts.room else { return families }
        families.append(
            Self.gauges(MetricCatalogue.limitTableSlots, ["addresses": room.addressSlots, "others": room.slots]))
        families.append(
            Self.gauges(
                MetricCatalogue.limitTableSlotsUsed,
                ["addresses": room.usedAddressSlots, "others": room.usedSlots]))
        families.append(Self.gauge(MetricCatalogue.limitTablePlaces, room.places))
        families.append(Self.gauge(MetricCatalogue.limitTablePlacesUsed, room.usedPlaces))
        families.append(Self.gauge(MetricCatalogue.limitTableBytes, room.bytes))
        return families
    }

    private static func counter(_ definition: MetricDefinition, _ value: UInt64) -> MetricFamily {
        MetricFamily(definition: definition, samples: [MetricFamily.Sample(labels: [], value: .counter(value))])
    }

    private static func gauge(_ definition: MetricDefinition, _ value: Int) -> MetricFamily {
        MetricFamily(definition: definition, samples: [MetricFamily.Sample(labels: [], value: .gauge(Int64(value)))])
    }

    /// One for each value of the one label.
    private static func gauges(_ definition: MetricDefinition, _ values: [String: Int]) -> MetricFamily {
        let samples = values.map { label, value in
            MetricFamily.Sample(labels: [Array(label.utf8)], value: .gauge(Int64(value)))
        }
        return MetricFamily(definition: definition, samples: samples)
    }
}
