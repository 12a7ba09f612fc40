import Domain
import Glibc
import Metrics
import Platform
import Testing

@Suite struct MetricPageTests {
    private static let bounds: [UInt64] = [10, 100, 1000]

    @Test func whatIsCountedIsReadBesideIt() throws {
        let shared = try SharedPage()
        defer { shared.close() }
        let page = try shared.page()
        let reader = try shared.reader()
        let requests = page.counter(MetricCatalogue.errors, "client", "invalid_json")
        requests.add()
        requests.add(4)
        let gauge = page.gauge(MetricCatalogue.requestsInFlight)
        let histogram = page.histogram(MetricCatalogue.queueTime, bounds: Self.bounds, "p")
        for value: UInt64 in [1, 10, 11, 5000] { histogram.record(value) }
        let (isAnew, entries) = reader.news()
        #expect(
            !isAnew
                && entries.map(\.name) == [
                    "sluice_errors_total", "sluice_requests_in_flight", "sluice_provider_queue_seconds",
                ])
        #expect(reader.value(of: entries[0]) == .counter(5))
        #expect(reader.value(of: entries[1]) == nil, "not said yet")
        #expect(
            reader.value(of: entries[2]) == .histogram(bounds: Self.bounds, counts: [2, 1, 0, 1], sum: 5022))
        // Values are read as often as wanted, entries once.
        gauge.set(-3)
        requests.add()
        #expect(reader.news().entries == [])
        #expect(reader.value(of: entries[0]) == .counter(6) && reader.value(of: entries[1]) == .gauge(-3))
        #expect(page.counter(MetricCatalogue.errors, "client", "invalid_json").value == 6, "the same series")
        _ = page.counter(MetricCatalogue.errors, "client", "other")
        #expect(reader.news().entries.map(\.labels) == [["client", "other"].map { Array($0.utf8) }])
    }

    @Test func theNextProcessGoesOn() throws {
        let shared = try SharedPage()
        defer { shared.close() }
        let reader = try shared.reader()
        let first = try shared.page()
        first.counter(MetricCatalogue.requestsShared).add(7)
        first.gauge(MetricCatalogue.requestsInFlight).set(9)
        first.histogram(MetricCatalogue.queueTime, bounds: Self.bounds, "p").record(11)
        let entries = reader.news().entries
        // It is killed: nothing is said any more.
        let second = try shared.page()
        #expect(second.labels(of: MetricCatalogue.queueTime) == [[Array("p".utf8)]])
        second.counter(MetricCatalogue.requestsShared).add(2)
        second.histogram(MetricCatalogue.queueTime, bounds: Self.bounds, "p").record(12)
        let (isAnew, news) = reader.news()
        #expect(!isAnew && news == [])
        #expect(reader.value(of: entries[0]) == .counter(9))
        #expect(reader.value(of: entries[1]) == nil, "a level is worth nothing without its process")
        #expect(reader.value(of: entries[2]) == .histogram(bounds: Self.bounds, counts: [0, 2, 0, 0], sum: 23))
        // A reader that comes late sees the same.
        #expect(try shared.reader().values()["sluice_requests_shared_total"] == .counter(9))
    }

    @Test func whoHasThePageIsSaidByTheSupervisor() throws {
        let shared = try SharedPage()
        defer { shared.close() }
        let reader = try shared.reader()
        #expect(!reader.isInUse)
        shared.use(by: 12)
        _ = try shared.page()
        #expect(reader.isInUse)
        shared.use(by: 0)
        #expect(!reader.isInUse)
    }

    @Test func aMetricMayHaveSoManySeries() throws {
        let shared = try SharedPage()
        defer { shared.close() }
        let page = try shared.page()
        for number in 0..<5 {
            let counter = page.counter(MetricCatalogue.projectTokens, [Array("\(number)".utf8)], limit: 3)
            #expect((counter != nil) == (number < 3))
        }
        // What is there is found, and what the process before had counts.
        #expect(try shared.page().counter(MetricCatalogue.projectTokens, [Array("2".utf8)], limit: 3) != nil)
        #expect(try shared.page().counter(MetricCatalogue.projectTokens, [Array("9".utf8)], limit: 3) == nil)
    }

    @Test func aPageThatIsFullSaysSo() throws {
        let shared = try SharedPage()
        defer { shared.close() }
        let page = try shared.page()
        let reader = try shared.reader()
        let long = String(repeating: "x", count: 250)
        for number in 0..<20_000 { page.counter(MetricCatalogue.errors, "client", "\(number)\(long)").add() }
        let entries = reader.news().entries
        #expect(entries.count > 5000 && reader.refused == UInt64(20_000 - entries.count))
        #expect(entries.allSatisfy { reader.value(of: $0) == .counter(1) })
        // A label that no page takes.
        page.counter(MetricCatalogue.errors, "client", String(repeating: "x", count: 257)).add()
        #expect(reader.refused == UInt64(20_001 - entries.count) && reader.news().entries == [])
    }

    @Test func otherBoundsAreAnotherSeries() throws {
        let shared = try SharedPage()
        defer { shared.close() }
        try shared.page().histogram(MetricCatalogue.queueTime, bounds: [5], "p").record(1)
        let page = try shared.page()
        page.histogram(MetricCatalogue.queueTime, bounds: Self.bounds, "p").record(1)
        try shared.page().histogram(MetricCatalogue.queueTime, bounds: Self.bounds, "p").record(1)
        let reader = try shared.reader()
        let values = reader.news().entries.compactMap { reader.value(of: $0) }
        #expect(
            values == [
                .histogram(bounds: [5], counts: [1, 0], sum: 1),
                .histogram(bounds: Self.bounds, counts: [2, 0, 0, 0], sum: 2),
            ])
    }

    @Test func aProcessInItself() {
        let page = MetricPage()
        page.counter(MetricCatalogue.limitRefusals, "key", "requests_per_minute").add(2)
        #expect(
            page.series() == [
                MetricSeries(
                    name: "sluice_limit_refusals_total",
                    labels: [.init("scope", "key"), .init("limit", "requests_per_minute")],
                    value: .counter(2))
            ])
        MetricCounter().add()
        MetricGauge().set(1)
        MetricHistogram().record(1)
        #expect(MetricCounter().value == 0)
    }

    @Test func totalsOfOthersAreFollowed() {
        let page = MetricPage()
        var total = MetricTotal(page.counter(MetricCatalogue.recordsLost))
        for value: UInt64 in [0, 3, 3, 10, 1, 4] { total.follow(value) }
        #expect(page.counter(MetricCatalogue.recordsLost).value == 13)
    }

    @Test func aProcessSaysWhatItUses() throws {
        let page = MetricPage()
        var metrics = ProcessMetrics(page, role: .edge)
        metrics.update(
            ProcessUsage(processorTime: 1_500_000, residentBytes: 4096, descriptors: nil, descriptorLimit: 64),
            droppedLines: 2)
        metrics.update(
            ProcessUsage(processorTime: 2_500_000, residentBytes: nil, descriptors: 7, descriptorLimit: 64),
            droppedLines: 5)
        let values = Dictionary(uniqueKeysWithValues: page.series().map { ($0.name, $0.value) })
        #expect(values["sluice_process_cpu_seconds_total"] == .counter(2_500_000))
        #expect(values["sluice_process_resident_memory_bytes"] == .gauge(4096))
        #expect(values["sluice_process_open_fds"] == .gauge(7) && values["sluice_process_max_fds"] == .gauge(64))
        #expect(values["sluice_log_lines_dropped_total"] == .counter(5))
        let now = ProcessUsage.current()
        #expect(now.processorTime > 0 && now.residentBytes ?? 0 > 1 << 20 && now.descriptorLimit ?? 0 > 2)
    }

    @Test func linksAreCountedByThePeersRole() {
        let page = MetricPage()
        var table = LinkCounters.Table(page, role: .edge)
        let first = table.counters(for: .upstream)
        let second = table.counters(for: .upstream)
        first.opened()
        second.opened()
        first.sent(100)
        second.sent(16)
        second.stalled()
        table.counters(for: .control).sent(20)
        first.ended()
        let values = Dictionary(
            uniqueKeysWithValues: page.series().map { ("\($0.name) \($0.labels[1].value)", $0.value) })
        #expect(values["sluice_link_frames_total upstream"] == .counter(2))
        #expect(values["sluice_link_bytes_total upstream"] == .counter(116))
        #expect(values["sluice_link_stalls_total upstream"] == .counter(1))
        #expect(values["sluice_links upstream"] == .gauge(1))
        #expect(values["sluice_link_bytes_total control"] == .counter(20))
    }
}
