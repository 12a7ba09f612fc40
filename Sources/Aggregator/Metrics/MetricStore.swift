import Domain
import Metrics

/// The metrics of the whole tree: the sums over all metric pages.
///
/// A page outlives its processes, so counters and histograms are read from all of them; gauges only where a process writes now. No clock;
/// what pages hold is not trusted and bounded by `MetricLimits`.
struct MetricStore {
    private struct Page {
        var reader: MetricPageReader
        var role: Role
        var slot: UInt16
        /// What of its directory is taken, with the series' numbers.
        var entries: [(number: Int, entry: MetricPageEntry)] = []
        var refused: UInt64 = 0
    }

    private var table: SeriesTable
    private var pages: [Page] = []

    init(definitions: [MetricDefinition] = MetricCatalogue.all, limits: MetricLimits = MetricLimits()) {
        self.table = SeriesTable(definitions: definitions, limits: limits)
    }

    /// A page of the process in a place of the tree; two can be in the same place, one of each generation.
    mutating func add(_ reader: MetricPageReader, role: Role, slot: UInt16) {
        self.pages.append(Page(reader: reader, role: role, slot: slot))
    }

    /// Series that were left out: malformed, too many, or without room on their page.
    var refused: UInt64 {
        self.pages.reduce(0) { $0.addingClamped($1.refused).addingClamped($1.reader.refused) }
    }

    /// Everything, in an order that depends on nothing but the contents: metrics by name, series by label values.
    mutating func families() -> [MetricFamily] {
        var sums = [MetricValue?](repeating: nil, count: self.table.keys.count)
        for index in self.pages.indices {
            self.readDirectory(index)
            sums += .init(repeating: nil, count: self.table.keys.count - sums.count)
            self.addValues(of: self.pages[index], to: &sums)
        }
        var families = self.table.definitions.map { MetricFamily(definition: $0, samples: []) }
        for (number, value) in sums.enumerated() {
            guard let value else { continue }
            let key = self.table.keys[number]
            families[key.metric].samples.append(MetricFamily.Sample(labels: key.labels, value: value))
        }
        if let own = families.firstIndex(where: { $0.definition.name == MetricCatalogue.seriesRefused.name }) {
            families[own].samples = [MetricFamily.Sample(labels: [], value: .counter(self.refused))]
        }
        for index in families.indices {
            families[index].samples.sort { a, b in
                a.labels.lexicographicallyPrecedes(b.labels) { $0.lexicographicallyPrecedes($1) }
            }
        }
        return families.filter { !$0.samples.isEmpty }
            .sorted { $0.definition.name.utf8.lexicographicallyPrecedes($1.definition.name.utf8) }
    }

    private mutating func readDirectory(_ index: Int) {
        let (isAnew, entries) = self.pages[index].reader.news()
        if isAnew {
            self.pages[index].entries = []
            self.pages[index].refused = 0
        }
        for entry in entries {
            if let number = self.table.number(of: entry, role: self.pages[index].role, slot: self.pages[index].slot) {
                self.pages[index].entries.append((number, entry))
            } else {
                self.pages[index].refused += 1
            }
        }
    }

    private func addValues(of page: Page, to sums: inout [MetricValue?]) {
        let isInUse = page.reader.isInUse
        for (number, entry) in page.entries {
            if entry.kind == .gauge && !isInUse { continue }
            guard let value = page.reader.value(of: entry) else { continue }
            sums[number] = sums[number].map { $0.adding(value) } ?? value
        }
    }
}
