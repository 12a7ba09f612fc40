/// One series of a page, named in full.
public struct MetricSeries: Hashable, Sendable {
    public struct Label: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var name: String
    public var labels: [Label]
    public var value: MetricValue

    public init(name: String, labels: [Label], value: MetricValue) {
        self.name = name
        self.labels = labels
        self.value = value
    }
}

extension MetricPage {
    /// All that the page says now, for looking at a process from within.
    public func series(of definitions: [MetricDefinition] = MetricCatalogue.all) -> [MetricSeries] {
        let reader = MetricPageReader(of: self)
        return reader.news().entries.compactMap { entry in
            guard let definition = definitions.first(where: { $0.name == entry.name }),
                let value = reader.value(of: entry)
            else { return nil }
            let labels = zip(definition.labels, entry.labels).map {
                MetricSeries.Label($0, String(decoding: $1, as: UTF8.self))
            }
            return MetricSeries(name: entry.name, labels: labels, value: value)
        }
    }
}
