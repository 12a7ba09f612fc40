public import Domain
public import IPC

/// The metrics of the whole tree: the latest report of each process, and what processes that have gone had counted.
///
/// Pure: no clock, no I/O. Reports are totals since the start of their process, so the sum over the latest ones and the
/// base is right whatever was lost or repeated. When a process goes, its counters and histograms move into the base, so
/// that sums never step back; its gauges are dropped. What peers report is bounded by `MetricLimits`.
public struct MetricStore: Sendable {
    /// A process that reports.
    public struct Source: Hashable, Sendable {
        public var role: Role
        public var instance: UInt32

        public init(role: Role, instance: UInt32) {
            self.role = role
            self.instance = instance
        }
    }

    private var table: SeriesTable
    /// Values by series number.
    private var live: [Source: [Int: MetricReport.Value]] = [:]
    private var base: [Int: MetricReport.Value] = [:]
    private var tree: [Role: TreeStatus.Entry] = [:]
    private let version: String
    /// How many reported series have been refused since the start.
    public private(set) var refused: UInt64 = 0

    /// `version` is what `sluice_build_info` says.
    public init(
        version: String, definitions: [MetricDefinition] = MetricCatalogue.reported,
        limits: MetricLimits = MetricLimits()
    ) {
        self.version = version
        self.table = SeriesTable(definitions: definitions, limits: limits)
    }

    /// A report has come; it replaces the one before from the same process. Returns how many of its series were
    /// refused.
    @discardableResult
    public mutating func receive(_ report: MetricReport, from source: Source) -> Int {
        var values: [Int: MetricReport.Value] = [:]
        values.reserveCapacity(report.series.count)
        var refused = 0
        for series in report.series {
            guard let number = self.table.number(of: series) else {
                refused += 1
                continue
            }
            values[number] = values[number].map { $0.adding(series.value) } ?? series.value
        }
        self.live[source] = values
        self.refused = self.refused.addingClamped(UInt64(refused))
        return refused
    }

    /// The process has gone and will not report again.
    public mutating func ended(_ source: Source) {
        for (number, value) in self.live.removeValue(forKey: source) ?? [:] where value.outlivesItsProcess {
            self.base[number] = self.base[number].map { $0.adding(value) } ?? value
        }
    }

    /// What the supervisor says of the tree; replaces what it said before.
    public mutating func update(_ status: TreeStatus) {
        self.tree = Dictionary(status.entries.map { ($0.role, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Everything, in an order that depends on nothing but the contents: metrics by name, series by label values.
    /// `ingest` is what the reading of journals has counted, `limits` what the keeping of the limit table has,
    /// `jobs` what runs by a schedule; nil before they began.
    func families(ingest: IngestCounts? = nil, limits: LimitCounts? = nil, jobs: JobCounts? = nil) -> [MetricFamily] {
        var sums = self.base
        for values in self.live.values {
            for (number, value) in values { sums[number] = sums[number].map { $0.adding(value) } ?? value }
        }
        var families = self.table.definitions.map { MetricFamily(definition: $0, samples: []) }
        for (number, value) in sums {
            let key = self.table.keys[number]
            families[key.metric].samples.append(MetricFamily.Sample(labels: key.labels, value: value))
        }
        families += self.ownFamilies() + (ingest.map(Self.families) ?? []) + (limits.map(LimitMetrics.families) ?? [])
        families += jobs.map(JobMetrics.families) ?? []
        for index in families.indices {
            families[index].samples.sort { a, b in
                a.labels.lexicographicallyPrecedes(b.labels) { $0.lexicographicallyPrecedes($1) }
            }
        }
        return families.filter { !$0.samples.isEmpty }
            .sorted { $0.definition.name.utf8.lexicographicallyPrecedes($1.definition.name.utf8) }
    }

    private func ownFamilies() -> [MetricFamily] {
        let entries = self.tree.values
        return [
            MetricFamily(
                definition: MetricCatalogue.buildInfo,
                samples: [MetricFamily.Sample(labels: [Array(self.version.utf8)], value: .gauge(1))]),
            MetricFamily(
                definition: MetricCatalogue.seriesRefused,
                samples: [MetricFamily.Sample(labels: [], value: .counter(self.refused))]),
            MetricFamily(
                definition: MetricCatalogue.processRestarts,
                samples: entries.map {
                    MetricFamily.Sample(labels: [Array($0.role.label.utf8)], value: .counter($0.restarts))
                }),
            MetricFamily(
                definition: MetricCatalogue.processUp,
                samples: entries.map {
                    MetricFamily.Sample(labels: [Array($0.role.label.utf8)], value: .gauge(Int64($0.up)))
                }),
        ]
    }

    private static func families(_ ingest: IngestCounts) -> [MetricFamily] {
        let values: [(MetricDefinition, UInt64)] = [
            (MetricCatalogue.journalBytes, ingest.journalBytes), (MetricCatalogue.journalLag, ingest.lag),
            (MetricCatalogue.journalTornTails, ingest.tornTails),
            (MetricCatalogue.journalUnreadable, ingest.unreadable), (MetricCatalogue.usageBatches, ingest.batches),
            (MetricCatalogue.usageDatabaseBytes, ingest.databaseBytes),
            (MetricCatalogue.usageDatabaseErrors, ingest.databaseErrors),
            (MetricCatalogue.usageDatabaseUp, ingest.isUp ? 1 : 0),
            (MetricCatalogue.usageRecords, ingest.records), (MetricCatalogue.usageRecovered, ingest.recovered),
        ]
        return values.map { definition, value in
            let sample = MetricFamily.Sample(
                labels: [], value: definition.kind == .gauge ? .gauge(Int64(clamping: value)) : .counter(value))
            return MetricFamily(definition: definition, samples: [sample])
        }
    }
}
