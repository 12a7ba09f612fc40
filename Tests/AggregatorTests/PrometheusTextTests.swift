import Metrics
import TestSupport
import Testing

@testable import Aggregator

@Suite struct PrometheusTextTests {
    private func render(_ families: [MetricFamily]) -> String {
        String(decoding: PrometheusText.render(families), as: UTF8.self)
    }

    @Test func nothingIsAnEmptyDocument() {
        #expect(self.render([]) == "")
    }

    @Test func countersAndGauges() {
        let counter = MetricDefinition(
            name: "sluice_requests_total", kind: .counter, help: "Requests.", labels: ["model", "status"])
        let gauge = MetricDefinition(name: "sluice_requests_in_flight", kind: .gauge, help: "Now.")
        let text = self.render([
            MetricFamily(
                definition: counter,
                samples: [
                    MetricFamily.Sample(labels: [Array("gpt".utf8), Array("200".utf8)], value: .counter(.max)),
                    MetricFamily.Sample(labels: [Array("gpt".utf8), Array("500".utf8)], value: .counter(0)),
                ]),
            MetricFamily(definition: gauge, samples: [MetricFamily.Sample(labels: [], value: .gauge(-3))]),
        ])
        #expect(
            text == """
                # HELP sluice_requests_total Requests.
                # TYPE sluice_requests_total counter
                sluice_requests_total{model="gpt",status="200"} 18446744073709551615
                sluice_requests_total{model="gpt",status="500"} 0
                # HELP sluice_requests_in_flight Now.
                # TYPE sluice_requests_in_flight gauge
                sluice_requests_in_flight -3

                """)
    }

    @Test func histogramsAreCumulativeAndInSeconds() {
        let labelled = MetricDefinition(
            name: "sluice_request_duration_seconds", kind: .histogram, help: "Time.", labels: ["endpoint"])
        let plain = MetricDefinition(name: "sluice_wait_seconds", kind: .histogram, help: "Time.")
        let value = MetricValue.histogram(
            bounds: [5000, 2_500_000, 10_000_000], counts: [1, 2, 0, 4], sum: 61_000_001)
        let text = self.render([
            MetricFamily(
                definition: labelled,
                samples: [MetricFamily.Sample(labels: [Array("embeddings".utf8)], value: value)]),
            MetricFamily(definition: plain, samples: [MetricFamily.Sample(labels: [], value: value)]),
        ])
        #expect(
            text == """
                # HELP sluice_request_duration_seconds Time.
                # TYPE sluice_request_duration_seconds histogram
                sluice_request_duration_seconds_bucket{endpoint="embeddings",le="0.005"} 1
                sluice_request_duration_seconds_bucket{endpoint="embeddings",le="2.5"} 3
                sluice_request_duration_seconds_bucket{endpoint="embeddings",le="10"} 3
                sluice_request_duration_seconds_bucket{endpoint="embeddings",le="+Inf"} 7
                sluice_request_duration_seconds_sum{endpoint="embeddings"} 61.000001
                sluice_request_duration_seconds_count{endpoint="embeddings"} 7
                # HELP sluice_wait_seconds Time.
                # TYPE sluice_wait_seconds histogram
                sluice_wait_seconds_bucket{le="0.005"} 1
                sluice_wait_seconds_bucket{le="2.5"} 3
                sluice_wait_seconds_bucket{le="10"} 3
                sluice_wait_seconds_bucket{le="+Inf"} 7
                sluice_wait_seconds_sum 61.000001
                sluice_wait_seconds_count 7

                """)
    }

    @Test func labelValuesAndHelpAreEscaped() {
        let definition = MetricDefinition(name: "m", kind: .counter, help: "a\\b\n\"c\"", labels: ["l"])
        let text = self.render([
            MetricFamily(
                definition: definition,
                samples: [MetricFamily.Sample(labels: [Array("\\ \" \n é".utf8)], value: .counter(1))])
        ])
        #expect(text == "# HELP m a\\\\b\\n\"c\"\n# TYPE m counter\nm{l=\"\\\\ \\\" \\n é\"} 1\n")
    }

    @Test(arguments: [
        (0, "0"), (1, "0.000001"), (10, "0.00001"), (999_999, "0.999999"), (1_000_000, "1"), (1_100_000, "1.1"),
        (UInt64.max, "18446744073709.551615"),
    ])
    func secondsAreExact(_ microseconds: UInt64, _ text: String) {
        #expect(PrometheusText.seconds(microseconds) == text)
    }

    @Test func billionthsAreExactDecimals() {
        let cost = MetricDefinition(name: "sluice_cost_dollars_total", kind: .counter, unit: .billionth, help: "Cost.")
        let text = self.render([
            MetricFamily(
                definition: cost,
                samples: [0, 1, 1_500_000_000, .max].map { MetricFamily.Sample(labels: [], value: .counter($0)) })
        ])
        #expect(
            text == """
                # HELP sluice_cost_dollars_total Cost.
                # TYPE sluice_cost_dollars_total counter
                sluice_cost_dollars_total 0
                sluice_cost_dollars_total 0.000000001
                sluice_cost_dollars_total 1.5
                sluice_cost_dollars_total 18446744073.709551615

                """)
    }

    @Test func valuesOfAnotherKindAreLeftOut() {
        let definition = MetricDefinition(name: "m", kind: .counter, help: "h")
        let text = self.render([
            MetricFamily(definition: definition, samples: [MetricFamily.Sample(labels: [], value: .gauge(1))])
        ])
        #expect(text == "# HELP m h\n# TYPE m counter\n")
    }

    /// Whatever is rendered reads back as what it was, by a parser written from the format's description.
    @Test func whatIsWrittenReadsBack() throws {
        var random = SplitMix(seed: 20_261_121)
        for _ in 0..<200 {
            let families = RandomFamilies.make(using: &random)
            let parsed = try PrometheusParser.parse(PrometheusText.render(families))
            #expect(parsed == families)
        }
    }
}
