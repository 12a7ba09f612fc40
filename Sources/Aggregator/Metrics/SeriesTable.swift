import IPC

/// Gives every distinct series a number, within the limits, and refuses what is malformed.
///
/// Numbers are never taken back: a series that once existed stays (as in every Prometheus client), so what is counted
/// here bounds the memory of the aggregator and the size of its answer.
struct SeriesTable: Sendable {
    struct Key: Hashable, Sendable {
        /// Index into `definitions`.
        var metric: Int
        /// Values as UTF-8 in the order of the definition's labels. Bytes, because Swift's strings compare by meaning.
        var labels: [[UInt8]]
    }

    private static let other = Array("other".utf8)

    let definitions: [MetricDefinition]
    private let limits: MetricLimits
    private let metrics: [String: Int]
    private var numbers: [Key: Int] = [:]
    private(set) var keys: [Key] = []
    private var lines = 0
    /// By metric: the bucket bounds of its first series, which all others must have, so that they can be added up.
    private var bounds: [Int: [UInt64]] = [:]

    init(definitions: [MetricDefinition], limits: MetricLimits) {
        self.definitions = definitions
        self.limits = limits
        self.metrics = Dictionary(
            definitions.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The number of a reported series; nil refuses it.
    mutating func number(of series: MetricReport.Series) -> Int? {
        guard let metric = self.metrics[series.name] else { return nil }
        let definition = self.definitions[metric]
        guard let weight = self.weight(of: series.value, metric: metric, definition.kind),
            let labels = self.values(of: series.labels, definition)
        else { return nil }
        let key = Key(metric: metric, labels: labels)
        if let known = self.numbers[key] { return known }
        if weight <= self.limits.lines - self.limits.reserved - self.lines {
            return self.add(key, weight: weight, value: series.value)
        }
        guard !definition.openLabels.isEmpty else {
            return weight <= self.limits.lines - self.lines
                ? self.add(key, weight: weight, value: series.value) : nil
        }
        let closed = Key(
            metric: metric,
            labels: zip(definition.labels, labels).map { definition.openLabels.contains($0) ? Self.other : $1 })
        if let known = self.numbers[closed] { return known }
        guard weight <= self.limits.lines - self.lines else { return nil }
        return self.add(closed, weight: weight, value: series.value)
    }

    private mutating func add(_ key: Key, weight: Int, value: MetricReport.Value) -> Int {
        if case .histogram(let bounds, _, _) = value { self.bounds[key.metric] = bounds }
        self.lines += weight
        self.numbers[key] = self.keys.count
        self.keys.append(key)
        return self.keys.count - 1
    }

    /// How many lines the series takes; nil when its value is not what the metric is.
    private func weight(of value: MetricReport.Value, metric: Int, _ kind: MetricDefinition.Kind) -> Int? {
        switch (value, kind) {
        case (.counter, .counter), (.gauge, .gauge):
            return 1
        case (.histogram(let bounds, let counts, _), .histogram):
            guard bounds.count <= self.limits.buckets, counts.count == bounds.count + 1,
                zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }),
                self.bounds[metric].map({ $0 == bounds }) ?? true
            else { return nil }
            return counts.count + 2
        default:
            return nil
        }
    }

    /// The label values in the definition's order; nil when the labels are not exactly the definition's.
    private func values(of labels: [MetricReport.Label], _ definition: MetricDefinition) -> [[UInt8]]? {
        guard labels.count == definition.labels.count else { return nil }
        var values: [[UInt8]] = []
        values.reserveCapacity(labels.count)
        for name in definition.labels {
            guard let label = labels.first(where: { $0.name == name }), label.value.utf8.count <= self.limits.labelValue
            else { return nil }
            values.append(Array(label.value.utf8))
        }
        return values
    }
}
