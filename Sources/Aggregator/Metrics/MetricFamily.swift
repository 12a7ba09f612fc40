public import Metrics

/// One metric with all its series, ready to be written out.
public struct MetricFamily: Hashable, Sendable {
    public struct Sample: Hashable, Sendable {
        /// Label values as UTF-8, in the order of the definition's labels.
        public var labels: [[UInt8]]
        /// Its case goes with the definition's kind.
        public var value: MetricValue

        public init(labels: [[UInt8]], value: MetricValue) {
            self.labels = labels
            self.value = value
        }
    }

    public var definition: MetricDefinition
    public var samples: [Sample]

    public init(definition: MetricDefinition, samples: [Sample]) {
        self.definition = definition
        self.samples = samples
    }
}
