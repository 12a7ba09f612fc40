import Metrics
import TestSupport

@testable import Aggregator

/// Metrics of every kind with nasty label values.
enum RandomFamilies {
    private static let pieces = [
        "a", "\\", "\"", "\n", "{", "}", ",", "=", " ", "le", "é", "\u{1F600}", "#", "\\n", "\t",
    ]

    static func make(using random: inout SplitMix) -> [MetricFamily] {
        (0..<Int.random(in: 0...4, using: &random)).map { index in
            let labels = Array(["endpoint", "model", "status"].prefix(Int.random(in: 0...3, using: &random)))
            let kind = [MetricDefinition.Kind.counter, .gauge, .histogram].randomElement(using: &random) ?? .counter
            let definition = MetricDefinition(
                name: "metric_\(index)", kind: kind, help: self.text(using: &random), labels: labels)
            let count = labels.isEmpty ? 1 : Int.random(in: 1...4, using: &random)
            let samples = (0..<count).map { number in
                MetricFamily.Sample(
                    labels: labels.map { _ in Array((self.text(using: &random) + "\(number)").utf8) },
                    value: self.value(kind, using: &random))
            }
            return MetricFamily(definition: definition, samples: samples)
        }
    }

    private static func text(using random: inout SplitMix) -> String {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in self.pieces.randomElement(using: &random) ?? "" }
            .joined()
    }

    private static func value(
        _ kind: MetricDefinition.Kind, using random: inout SplitMix
    ) -> MetricValue {
        switch kind {
        case .counter: return .counter(.random(in: 0 ... .max, using: &random))
        case .gauge: return .gauge(.random(in: .min ... .max, using: &random))
        case .histogram:
            var bounds: [UInt64] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                bounds.append((bounds.last ?? 0) + .random(in: 1...3_000_000, using: &random))
            }
            let counts = (0...bounds.count).map { _ in UInt64.random(in: 0...1_000_000, using: &random) }
            return .histogram(bounds: bounds, counts: counts, sum: .random(in: 0 ... .max, using: &random))
        }
    }
}
