import Domain
import Metrics

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

    /// The number of a series that stands on the page of the process in that place; nil refuses it.
    mutating func number(of entry: MetricPageEntry, role: Role, slot: UInt16) -> Int? {
        guard let metric = self.metrics[entry.name] else { return nil }
        let definition = self.definitions[metric]
        guard let weight = self.weight(of: entry.kind, metric: metric, definition.kind),
            let labels = self.values(of: entry.labels, definition, role, slot)
        else { return nil }
        let key = Key(metric: metric, labels: labels)
        if let known = self.numbers[key] { return known }
        if weight <= self.limits.lines - self.limits.reserved - self.lines {
            return self.add(key, weight: weight, entry.kind)
        }
        guard !definition.openLabels.isEmpty else {
            return weight <= self.limits.lines - self.lines ? self.add(key, weight: weight, entry.kind) : nil
        }
        let closed = Key(
            metric: metric,
            labels: zip(definition.labels, labels).map { definition.openLabels.contains($0) ? Self.other : $1 })
        if let known = self.numbers[closed] { return known }
        guard weight <= self.limits.lines - self.lines else { return nil }
        return self.add(closed, weight: weight, entry.kind)
    }

    private mutating func add(_ key: Key, weight: Int, _ kind: MetricPageEntry.Kind) -> Int {
        if case .histogram(let bounds) = kind { self.bounds[key.metric] = bounds }
        self.lines += weight
        self.numbers[key] = self.keys.count
        self.keys.append(key)
        return self.keys.count - 1
    }

    /// How many lines the series takes; nil when it is not what the metric is.
    private func weight(of kind: MetricPageEntry.Kind, metric: Int, _ defined: MetricDefinition.Kind) -> Int? {
        switch (kind, defined) {
        case (.counter, .counter), (.gauge, .gauge):
            return 1
        case (.histogram(let bounds), .histogram):
            guard bounds.count <= self.limits.buckets, self.bounds[metric].map({ $0 == bounds }) ?? true else {
                return nil
            }
            return bounds.count + 3
        default:
            return nil
        }
    }

    /// The label values in the definition's order; nil when there are not as many as it has labels, or when one is too long or no text.
    private func values(
        of labels: [[UInt8]], _ definition: MetricDefinition, _ role: Role, _ slot: UInt16
    ) -> [[UInt8]]? {
        guard labels.count == definition.countedLabels,
            labels.allSatisfy({
                $0.count <= self.limits.labelValue && String(validating: $0, as: UTF8.self) != nil
            })
        else { return nil }
        return definition.isOfProcess ? [Array(role.label.utf8), Array("\(slot)".utf8)] : labels
    }
}
