import Domain
import IPC
import Testing

@testable import Aggregator

@Suite struct MetricStoreTests {
    private let edge = MetricStore.Source(role: .edge, instance: 7)
    private let otherEdge = MetricStore.Source(role: .edge, instance: 8)

    private func requests(_ count: UInt64, model: String = "m", status: String = "200") -> MetricReport.Series {
        MetricReport.Series(
            name: "sluice_requests_total",
            labels: [
                MetricReport.Label("endpoint", "chat_completions"), MetricReport.Label("model", model),
                MetricReport.Label("provider", "p"), MetricReport.Label("status", status),
            ], value: .counter(count))
    }

    private func inFlight(_ count: Int64) -> MetricReport.Series {
        MetricReport.Series(name: "sluice_requests_in_flight", labels: [], value: .gauge(count))
    }

    private func duration(
        _ counts: [UInt64], sum: UInt64, bounds: [UInt64] = [1000, 2000]
    ) -> MetricReport.Series {
        MetricReport.Series(
            name: "sluice_request_duration_seconds", labels: [MetricReport.Label("endpoint", "embeddings")],
            value: .histogram(bounds: bounds, counts: counts, sum: sum))
    }

    private func samples(_ store: MetricStore, _ name: String) -> [MetricFamily.Sample] {
        store.families().first { $0.definition.name == name }?.samples ?? []
    }

    private func values(_ store: MetricStore, _ name: String) -> [MetricReport.Value] {
        self.samples(store, name).map(\.value)
    }

    @Test func reportsReplaceEachOtherAndAddUpOverProcesses() {
        var store = MetricStore(version: "1")
        store.receive(MetricReport(series: [self.requests(5), self.inFlight(3)]), from: self.edge)
        store.receive(MetricReport(series: [self.requests(9), self.inFlight(1)]), from: self.edge)
        store.receive(MetricReport(series: [self.requests(2), self.inFlight(4)]), from: self.otherEdge)
        #expect(self.values(store, "sluice_requests_total") == [.counter(11)])
        #expect(self.values(store, "sluice_requests_in_flight") == [.gauge(5)])
    }

    @Test func theSameReportTwiceChangesNothing() {
        var store = MetricStore(version: "1")
        let report = MetricReport(series: [self.requests(5), self.duration([1, 2, 3], sum: 9000)])
        store.receive(report, from: self.edge)
        let once = store.families()
        store.receive(report, from: self.edge)
        #expect(store.families() == once)
    }

    @Test func countsOutliveTheirProcessAndLevelsDoNot() {
        var store = MetricStore(version: "1")
        store.receive(
            MetricReport(series: [self.requests(5), self.inFlight(3), self.duration([1, 0, 2], sum: 7000)]),
            from: self.edge)
        store.receive(
            MetricReport(series: [self.requests(1), self.inFlight(2), self.duration([0, 1, 0], sum: 1500)]),
            from: self.otherEdge)
        store.ended(self.edge)
        #expect(self.values(store, "sluice_requests_total") == [.counter(6)])
        #expect(self.values(store, "sluice_requests_in_flight") == [.gauge(2)])
        #expect(
            self.values(store, "sluice_request_duration_seconds")
                == [.histogram(bounds: [1000, 2000], counts: [1, 1, 2], sum: 8500)])

        // Its successor starts from zero: the sum goes on from the base.
        store.receive(MetricReport(series: [self.requests(4)]), from: MetricStore.Source(role: .edge, instance: 9))
        #expect(self.values(store, "sluice_requests_total") == [.counter(10)])
        store.ended(self.otherEdge)
        store.ended(self.otherEdge)
        #expect(self.values(store, "sluice_requests_total") == [.counter(10)])
        #expect(self.values(store, "sluice_requests_in_flight").isEmpty)
    }

    @Test func anUpstreamAndAnEdgeOfOneNumberAreTwoProcesses() {
        var store = MetricStore(version: "1")
        store.receive(MetricReport(series: [self.requests(5)]), from: self.edge)
        store.receive(MetricReport(series: [self.requests(6)]), from: MetricStore.Source(role: .upstream, instance: 7))
        #expect(self.values(store, "sluice_requests_total") == [.counter(11)])
    }

    @Test func labelsAreTheSameSeriesInAnyOrder() {
        var store = MetricStore(version: "1")
        var swapped = self.requests(3)
        swapped.labels.reverse()
        store.receive(MetricReport(series: [self.requests(2), swapped]), from: self.edge)
        #expect(
            self.samples(store, "sluice_requests_total").map(\.labels)
                == [["chat_completions", "m", "p", "200"].map { Array($0.utf8) }])
        #expect(self.values(store, "sluice_requests_total") == [.counter(5)])
    }

    @Test func labelsThatMeanTheSameButDifferInBytesStayApart() {
        var store = MetricStore(version: "1")
        store.receive(
            MetricReport(series: [self.requests(1, model: "caf\u{e9}"), self.requests(2, model: "cafe\u{301}")]),
            from: self.edge)
        #expect(self.samples(store, "sluice_requests_total").count == 2)
    }

    @Test func sumsStopAtTheLargestNumber() {
        var store = MetricStore(version: "1")
        for source in [self.edge, self.otherEdge] {
            store.receive(
                MetricReport(series: [
                    self.requests(.max), self.inFlight(.max), self.duration([.max, 1, .max], sum: .max),
                ]), from: source)
        }
        #expect(self.values(store, "sluice_requests_total") == [.counter(.max)])
        #expect(self.values(store, "sluice_requests_in_flight") == [.gauge(.max)])
        #expect(
            self.values(store, "sluice_request_duration_seconds")
                == [.histogram(bounds: [1000, 2000], counts: [.max, 2, .max], sum: .max)])
        // The cumulative counts must not overflow either.
        #expect(!PrometheusText.render(store.families()).isEmpty)
    }

    @Test(arguments: [
        MetricReport.Series(name: "go_goroutines", labels: [], value: .gauge(1)),
        MetricReport.Series(name: "sluice_build_info", labels: [MetricReport.Label("version", "9")], value: .gauge(1)),
        MetricReport.Series(
            name: "sluice_process_up", labels: [MetricReport.Label("role", "edge")], value: .gauge(1)),
        MetricReport.Series(name: "sluice_requests_in_flight", labels: [], value: .counter(1)),
        MetricReport.Series(
            name: "sluice_requests_in_flight", labels: [MetricReport.Label("a", "b")], value: .gauge(1)),
        MetricReport.Series(name: "sluice_errors_total", labels: [], value: .counter(1)),
        MetricReport.Series(
            name: "sluice_errors_total",
            labels: [MetricReport.Label("source", "client"), MetricReport.Label("source", "client")],
            value: .counter(1)),
        MetricReport.Series(
            name: "sluice_errors_total",
            labels: [
                MetricReport.Label("source", "client"), MetricReport.Label("code", String(repeating: "x", count: 257)),
            ],
            value: .counter(1)),
        MetricReport.Series(
            name: "sluice_request_duration_seconds", labels: [MetricReport.Label("endpoint", "e")],
            value: .histogram(bounds: [2, 1], counts: [0, 0, 0], sum: 0)),
        MetricReport.Series(
            name: "sluice_request_duration_seconds", labels: [MetricReport.Label("endpoint", "e")],
            value: .histogram(bounds: [1, 2], counts: [0, 0], sum: 0)),
        MetricReport.Series(
            name: "sluice_request_duration_seconds", labels: [MetricReport.Label("endpoint", "e")],
            value: .histogram(
                bounds: (1...65).map { UInt64($0) }, counts: [UInt64](repeating: 0, count: 66), sum: 0)),
    ])
    func malformedSeriesAreRefusedAndCounted(_ series: MetricReport.Series) {
        var store = MetricStore(version: "1")
        let before = store.families()
        #expect(store.receive(MetricReport(series: [series, self.inFlight(1)]), from: self.edge) == 1)
        #expect(store.refused == 1)
        #expect(self.values(store, "sluice_requests_in_flight") == [.gauge(1)])
        #expect(self.values(store, "sluice_metric_series_refused_total") == [.counter(1)])
        #expect(store.families().count == before.count + 1)
    }

    @Test func histogramsWithOtherBucketsAreRefused() {
        var store = MetricStore(version: "1")
        store.receive(MetricReport(series: [self.duration([1, 0, 0], sum: 1)]), from: self.edge)
        let refused = store.receive(
            MetricReport(series: [self.duration([1, 0, 0], sum: 1, bounds: [1000, 3000])]), from: self.otherEdge)
        #expect(refused == 1)
        #expect(
            self.values(store, "sluice_request_duration_seconds")
                == [.histogram(bounds: [1000, 2000], counts: [1, 0, 0], sum: 1)])
    }

    @Test func inventedModelNamesBecomeOtherAndNothingIsLost() {
        var store = MetricStore(version: "1", limits: MetricLimits(lines: 12, reserved: 2))
        let many = (0..<500).map { self.requests(1, model: "model-\($0)") }
        #expect(store.receive(MetricReport(series: many), from: self.edge) == 0)
        let samples = self.samples(store, "sluice_requests_total")
        #expect(samples.count == 11)
        let other = samples.first { $0.labels[1] == Array("other".utf8) }
        #expect(other?.value == .counter(490))
        #expect(other?.labels == ["chat_completions", "other", "p", "200"].map { Array($0.utf8) })
    }

    @Test func thereAreNeverMoreLinesThanTheLimit() {
        var store = MetricStore(version: "1", limits: MetricLimits(lines: 12, reserved: 2))
        let many = (0..<500).map { self.requests(1, model: "model-\($0)", status: "\($0)") }
        #expect(store.receive(MetricReport(series: many), from: self.edge) == 488)
        #expect(store.receive(MetricReport(series: [self.duration([0, 0, 0], sum: 0)]), from: self.otherEdge) == 1)
        #expect(self.samples(store, "sluice_requests_total").count == 12)
        // What is known is still taken.
        #expect(store.receive(MetricReport(series: [many[3]]), from: self.otherEdge) == 0)
    }

    @Test func theDefaultLimitHolds() {
        var store = MetricStore(version: "1")
        for process in 0..<20 {
            let many = (0..<1000).map { self.requests(1, model: "m-\(process)-\($0)", status: "\($0)") }
            store.receive(MetricReport(series: many), from: MetricStore.Source(role: .edge, instance: UInt32(process)))
        }
        let lines = PrometheusText.render(store.families()).split(separator: UInt8(ascii: "\n"))
            .filter { $0.first != UInt8(ascii: "#") }
        #expect(lines.count == 10_000 + 2)
    }

    @Test func theTreeIsShown() {
        var store = MetricStore(version: "1.2.3")
        store.update(
            TreeStatus(entries: [
                TreeStatus.Entry(role: .edge, up: 1, restarts: 0), TreeStatus.Entry(role: .control, up: 1, restarts: 0),
            ]))
        store.update(
            TreeStatus(entries: [
                TreeStatus.Entry(role: .edge, up: 2, restarts: 3), TreeStatus.Entry(role: .control, up: 0, restarts: 1),
            ]))
        let roles = [[Array("control".utf8)], [Array("edge".utf8)]]
        #expect(self.samples(store, "sluice_process_up").map(\.labels) == roles)
        #expect(self.values(store, "sluice_process_up") == [.gauge(0), .gauge(2)])
        #expect(self.values(store, "sluice_process_restarts_total") == [.counter(1), .counter(3)])
        #expect(self.samples(store, "sluice_build_info").map(\.labels) == [[Array("1.2.3".utf8)]])
    }

    @Test func familiesAndSeriesComeInOneOrderWhateverCameFirst() {
        var forwards = MetricStore(version: "1")
        var backwards = MetricStore(version: "1")
        let series = [
            self.requests(1, model: "a"), self.requests(2, model: "b"), self.requests(3, model: "ab"), self.inFlight(1),
        ]
        forwards.receive(MetricReport(series: series), from: self.edge)
        backwards.receive(MetricReport(series: series.reversed()), from: self.edge)
        #expect(forwards.families() == backwards.families())
        #expect(
            self.samples(forwards, "sluice_requests_total").map { $0.labels[1] }
                == ["a", "ab", "b"].map { Array($0.utf8) })
    }
}
