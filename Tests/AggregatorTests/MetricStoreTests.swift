import Domain
import Metrics
import Testing

@testable import Aggregator

@Suite struct MetricStoreTests {
    private static let bounds: [UInt64] = [1000, 2000]

    /// Two edges and an upstream, and the pages they count on.
    private struct Tree {
        var store: MetricStore
        let edge: CountedPage
        let otherEdge: CountedPage
        let upstream: CountedPage

        init(limits: MetricLimits = MetricLimits()) throws {
            self.store = MetricStore(limits: limits)
            self.edge = try CountedPage(instance: 7)
            self.otherEdge = try CountedPage(instance: 8)
            self.upstream = try CountedPage(instance: 9)
            self.store.add(try self.edge.reader(), role: .edge, slot: 0)
            self.store.add(try self.otherEdge.reader(), role: .edge, slot: 1)
            self.store.add(try self.upstream.reader(), role: .upstream, slot: 0)
        }

        mutating func samples(_ name: String) -> [MetricFamily.Sample] {
            self.store.families().first { $0.definition.name == name }?.samples ?? []
        }

        mutating func values(_ name: String) -> [MetricValue] { self.samples(name).map(\.value) }
    }

    private static func requests(_ page: MetricPage, _ count: UInt64, model: String = "m", status: String = "200") {
        page.counter(MetricCatalogue.requests, "chat_completions", model, "p", status).add(count)
    }

    private static func duration(_ page: MetricPage, _ values: [UInt64], bounds: [UInt64] = Self.bounds) {
        let histogram = page.histogram(MetricCatalogue.requestDuration, bounds: bounds, "embeddings")
        for value in values { histogram.record(value) }
    }

    @Test func pagesAddUp() throws {
        var tree = try Tree()
        Self.requests(tree.edge.page, 5)
        tree.edge.page.gauge(MetricCatalogue.requestsInFlight).set(3)
        Self.requests(tree.otherEdge.page, 2)
        tree.otherEdge.page.gauge(MetricCatalogue.requestsInFlight).set(4)
        Self.duration(tree.edge.page, [1, 1500])
        Self.duration(tree.otherEdge.page, [5000])
        #expect(tree.values("sluice_requests_total") == [.counter(7)])
        #expect(tree.values("sluice_requests_in_flight") == [.gauge(7)])
        #expect(
            tree.values("sluice_request_duration_seconds")
                == [.histogram(bounds: Self.bounds, counts: [1, 1, 1], sum: 6501)])
        // What comes later is seen, new series too.
        Self.requests(tree.edge.page, 1)
        Self.requests(tree.edge.page, 1, model: "n")
        #expect(tree.values("sluice_requests_total") == [.counter(8), .counter(1)])
    }

    @Test func countsOutliveTheirProcessAndLevelsDoNot() throws {
        var tree = try Tree()
        Self.requests(tree.edge.page, 5)
        tree.edge.page.gauge(MetricCatalogue.requestsInFlight).set(3)
        tree.otherEdge.page.gauge(MetricCatalogue.requestsInFlight).set(2)
        Self.duration(tree.edge.page, [1])
        _ = tree.store.families()
        tree.edge.ended()
        #expect(tree.values("sluice_requests_total") == [.counter(5)])
        #expect(tree.values("sluice_requests_in_flight") == [.gauge(2)])
        // Its successor goes on with the page.
        let successor = try tree.edge.next(instance: 12)
        #expect(tree.values("sluice_requests_in_flight") == [.gauge(2)])
        Self.requests(successor, 4)
        successor.gauge(MetricCatalogue.requestsInFlight).set(1)
        #expect(tree.values("sluice_requests_total") == [.counter(9)])
        #expect(tree.values("sluice_requests_in_flight") == [.gauge(3)])
        // An aggregator that is started again sees the same.
        var store = MetricStore()
        store.add(try tree.edge.reader(), role: .edge, slot: 0)
        store.add(try tree.otherEdge.reader(), role: .edge, slot: 1)
        store.add(try tree.upstream.reader(), role: .upstream, slot: 0)
        #expect(store.families() == tree.store.families())
    }

    @Test func aProcessIsNamedByItsPlace() throws {
        var tree = try Tree()
        for page in [tree.edge.page, tree.otherEdge.page, tree.upstream.page] {
            page.counter(MetricCatalogue.processCPU).add(1_500_000)
            page.gauge(MetricCatalogue.processMemory).set(100)
        }
        // The same place in another generation.
        let old = try CountedPage(instance: 3)
        old.page.counter(MetricCatalogue.processCPU).add(500_000)
        old.page.gauge(MetricCatalogue.processMemory).set(11)
        tree.store.add(try old.reader(), role: .edge, slot: 1)
        let labels = [["edge", "0"], ["edge", "1"], ["upstream", "0"]].map { $0.map { Array($0.utf8) } }
        #expect(tree.samples("sluice_process_cpu_seconds_total").map(\.labels) == labels)
        #expect(
            tree.values("sluice_process_cpu_seconds_total")
                == [.counter(1_500_000), .counter(2_000_000), .counter(1_500_000)])
        #expect(tree.values("sluice_process_resident_memory_bytes") == [.gauge(100), .gauge(111), .gauge(100)])
        old.ended()
        #expect(tree.values("sluice_process_resident_memory_bytes") == [.gauge(100), .gauge(100), .gauge(100)])
        let text = String(decoding: PrometheusText.render(tree.store.families()), as: UTF8.self)
        #expect(text.contains(#"sluice_process_cpu_seconds_total{role="edge",slot="0"} 1.5"#))
    }

    @Test func labelsThatMeanTheSameButDifferInBytesStayApart() throws {
        var tree = try Tree()
        Self.requests(tree.edge.page, 1, model: "caf\u{e9}")
        Self.requests(tree.edge.page, 2, model: "cafe\u{301}")
        #expect(tree.samples("sluice_requests_total").count == 2)
    }

    @Test func sumsStopAtTheLargestNumber() throws {
        var tree = try Tree()
        for page in [tree.edge.page, tree.otherEdge.page] {
            Self.requests(page, .max)
            page.gauge(MetricCatalogue.requestsInFlight).set(.max)
            Self.duration(page, [.max])
        }
        #expect(tree.values("sluice_requests_total") == [.counter(.max)])
        #expect(tree.values("sluice_requests_in_flight") == [.gauge(.max)])
        #expect(
            tree.values("sluice_request_duration_seconds")
                == [.histogram(bounds: Self.bounds, counts: [0, 0, 2], sum: .max)])
        // The cumulative counts must not overflow either.
        #expect(!PrometheusText.render(tree.store.families()).isEmpty)
    }

    @Test func whatNoCatalogueHasIsLeftOutAndCounted() throws {
        var tree = try Tree()
        let page = tree.edge.page
        _ = page.gauge(MetricDefinition(name: "go_goroutines", kind: .gauge, help: "."))
        _ = page.counter(MetricDefinition(name: "sluice_requests_in_flight", kind: .counter, help: "."))
        _ = page.gauge(MetricCatalogue.requestsInFlight, "a label too many")
        _ = page.counter(MetricCatalogue.errors, "a label too few")
        _ = page.counter(MetricCatalogue.errors, [[0xFF], [0xC0, 0x80]])
        _ = page.counter(MetricCatalogue.processCPU, "edge", "17")
        Self.requests(page, 1)
        #expect(tree.values("sluice_metric_series_refused_total") == [.counter(6)])
        #expect(
            tree.store.families().map(\.definition.name) == [
                "sluice_metric_series_refused_total", "sluice_requests_total",
            ])
        // And nothing is refused twice.
        #expect(tree.store.refused == 6)
    }

    @Test func histogramsWithOtherBucketsAreRefused() throws {
        var tree = try Tree()
        Self.duration(tree.edge.page, [1])
        Self.duration(tree.otherEdge.page, [1], bounds: [1000, 3000])
        #expect(
            tree.values("sluice_request_duration_seconds")
                == [.histogram(bounds: Self.bounds, counts: [1, 0, 0], sum: 1)])
        #expect(tree.store.refused == 1)
    }

    @Test func inventedModelNamesBecomeOtherAndNothingIsLost() throws {
        var tree = try Tree(limits: MetricLimits(lines: 12, reserved: 2))
        for number in 0..<500 { Self.requests(tree.edge.page, 1, model: "model-\(number)") }
        let samples = tree.samples("sluice_requests_total")
        #expect(samples.count == 11)
        let other = samples.first { $0.labels[1] == Array("other".utf8) }
        #expect(other?.value == .counter(490))
        #expect(other?.labels == ["chat_completions", "other", "p", "200"].map { Array($0.utf8) })
        #expect(tree.store.refused == 0)
    }

    @Test func thereAreNeverMoreLinesThanTheLimit() throws {
        var tree = try Tree(limits: MetricLimits(lines: 12, reserved: 2))
        for number in 0..<500 { Self.requests(tree.edge.page, 1, model: "model-\(number)", status: "\(number)") }
        #expect(tree.samples("sluice_requests_total").count == 12)
        Self.duration(tree.otherEdge.page, [1])
        // What is known is still taken.
        Self.requests(tree.otherEdge.page, 9, model: "model-3", status: "3")
        let samples = tree.samples("sluice_requests_total")
        #expect(samples.count == 12 && samples.contains { $0.value == .counter(10) })
        #expect(tree.store.refused == 489)
    }

    @Test func theDefaultLimitHolds() throws {
        var store = MetricStore()
        for process in 0..<20 {
            let page = try CountedPage(instance: UInt64(process) + 1)
            for number in 0..<1000 { Self.requests(page.page, 1, model: "m-\(process)-\(number)", status: "\(number)") }
            store.add(try page.reader(), role: .edge, slot: UInt16(process))
        }
        let lines = PrometheusText.render(store.families()).split(separator: UInt8(ascii: "\n"))
            .filter { $0.first != UInt8(ascii: "#") }
        #expect(lines.count == 10_000 + 1)
    }

    @Test func familiesAndSeriesComeInOneOrderWhateverCameFirst() throws {
        var forwards = try Tree()
        var backwards = try Tree()
        let models = ["a", "b", "ab"]
        for model in models { Self.requests(forwards.edge.page, 1, model: model) }
        forwards.edge.page.gauge(MetricCatalogue.requestsInFlight).set(1)
        backwards.edge.page.gauge(MetricCatalogue.requestsInFlight).set(1)
        for model in models.reversed() { Self.requests(backwards.edge.page, 1, model: model) }
        #expect(forwards.store.families() == backwards.store.families())
        #expect(
            forwards.samples("sluice_requests_total").map { $0.labels[1] } == ["a", "ab", "b"].map { Array($0.utf8) })
    }

    @Test func aPageThatIsBegunAnewCountsAnew() throws {
        var tree = try Tree()
        Self.requests(tree.edge.page, 5)
        Self.requests(tree.otherEdge.page, 1)
        #expect(tree.values("sluice_requests_total") == [.counter(6)])
        tree.edge.damage()
        #expect(tree.values("sluice_requests_total") == [.counter(1)])
        Self.requests(try tree.edge.next(instance: 20), 2)
        #expect(tree.values("sluice_requests_total") == [.counter(3)])
    }

    @Test func theAggregatorsOwnCountsGoOnOverItsRestarts() throws {
        let page = try CountedPage(instance: 2)
        var store = MetricStore()
        store.add(try page.reader(), role: .aggregator, slot: 0)
        var counts = IngestCounts()
        counts.records = 10
        counts.quarantinedRecords = 1
        counts.lag = 500
        counts.isUp = true
        var metrics = AggregatorMetrics(page.page)
        metrics.update(ingest: counts, limits: LimitCounts(recoveredHolds: 3, tablesMade: 1), jobs: nil)
        var again = AggregatorMetrics(try page.next(instance: 5))
        counts.records = 4
        counts.lag = 0
        again.update(ingest: counts, limits: nil, jobs: nil)
        let values = Dictionary(
            uniqueKeysWithValues: store.families().map { ($0.definition.name, $0.samples[0].value) })
        #expect(values["sluice_usage_records_total"] == .counter(14))
        #expect(values["sluice_journal_records_quarantined_total"] == .counter(2))
        #expect(values["sluice_journal_lag_bytes"] == .gauge(0) && values["sluice_usage_database_up"] == .gauge(1))
        #expect(values["sluice_limit_recovered_holds_total"] == .counter(3))
        #expect(values["sluice_build_info"] == .gauge(1))
    }
}
