import Domain
import IPC
import Metrics
import NIOCore
import Testing

@testable import EdgeWorker

@Suite struct EdgeMetricsTests {
    private func request(_ model: String, status: UInt16 = 200, provider: String? = "openai") -> EdgeMetrics.Request {
        EdgeMetrics.Request(
            endpoint: .chatCompletions, model: Array(model.utf8), provider: provider.map { Array($0.utf8) },
            status: status, duration: 3_000, firstContent: 2_000, usage: TokenUsage(input: 5, output: 7),
            cost: 1_234)
    }

    private func labels(_ series: MetricSeries) -> String {
        series.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
    }

    @Test func seriesAndLabels() {
        var metrics = EdgeMetrics()
        metrics.inFlight = 4
        metrics.record(self.request("smart"))
        metrics.record(self.request("smart"))
        metrics.record(GatewayError.upstreamLost)
        let series = metrics.series
        func value(_ name: String, _ labels: String) -> MetricValue? {
            series.first { $0.name == name && self.labels($0) == labels }?.value
        }
        #expect(value("sluice_requests_in_flight", "") == .gauge(4))
        #expect(
            value("sluice_requests_total", "endpoint=chat_completions,model=smart,provider=openai,status=200")
                == .counter(2))
        #expect(value("sluice_errors_total", "source=gateway,code=upstream_lost") == .counter(1))
        #expect(value("sluice_tokens_total", "model=smart,provider=openai,class=output") == .counter(14))
        #expect(value("sluice_tokens_total", "model=smart,provider=openai,class=cache_read") == .counter(0))
        #expect(value("sluice_tokens_total", "model=smart,provider=openai,class=image") == nil)
        #expect(value("sluice_records_lost_total", "") == .counter(0))
        #expect(value("sluice_cost_dollars_total", "model=smart,provider=openai") == .counter(2_468))
        guard
            case .histogram(let bounds, let counts, let sum)? = value(
                "sluice_request_duration_seconds", "endpoint=chat_completions")
        else {
            Issue.record("no histogram")
            return
        }
        #expect(bounds.count + 1 == counts.count && counts.reduce(0, +) == 2 && counts[2] == 2 && sum == 6_000)
    }

    @Test func everyClassOfTokensHasItsLabel() {
        var metrics = EdgeMetrics()
        var request = self.request("smart")
        var usage = TokenUsage()
        for tokenClass in TokenClass.allCases { usage[tokenClass] = 10 + Int64(tokenClass.rawValue) }
        request.usage = usage
        metrics.record(request)
        metrics.follow(lostRecords: 3)
        let series = metrics.series
        let tokens = Dictionary(
            uniqueKeysWithValues: series.filter { $0.name == "sluice_tokens_total" }
                .map { ($0.labels[2].value, $0.value) })
        let expected = TokenClass.allCases.map { ($0.label, MetricValue.counter(10 + UInt64($0.rawValue))) }
        #expect(tokens == Dictionary(uniqueKeysWithValues: expected))
        #expect(series.first { $0.name == "sluice_records_lost_total" }?.value == .counter(3))
    }

    @Test func theNextProcessCountsOnUnderTheSameNames() {
        let page = MetricPage()
        var first = EdgeMetrics(page)
        first.expect(models: [Array("smart".utf8)])
        for number in 0..<300 { first.record(self.request("model-\(number)")) }
        first.record(GatewayError.upstreamLost)
        let before = page.series().count
        // It died. The names it had given labels to have them, and no others get any.
        var second = EdgeMetrics(page)
        second.expect(models: [Array("smart".utf8)])
        for number in 0..<300 { second.record(self.request("another-\(number)")) }
        second.record(self.request("model-5"))
        second.record(GatewayError.upstreamLost)
        #expect(page.series().count == before)
        func value(_ name: String, _ label: String) -> MetricValue? {
            page.series().first { $0.name == name && $0.labels.contains { $0.value == label } }?.value
        }
        #expect(value("sluice_requests_total", "model-5") == .counter(2))
        #expect(value("sluice_requests_total", "other") == .counter(101 + 300))
        #expect(value("sluice_errors_total", "upstream_lost") == .counter(2))
    }

    @Test func projectsAreCountedWhereThatIsAsked() {
        var metrics = EdgeMetrics()
        metrics.record(self.request("smart"))
        #expect(!metrics.series.contains { $0.name.hasPrefix("sluice_project") })
        for number: UInt64 in 1...300 {
            for status: UInt16 in [200, 201, 429] {
                var request = self.request("smart", status: status)
                request.project = EntityID(high: 0, low: number)
                if status == 429 { request.usage = nil }
                metrics.record(request)
            }
        }
        let series = metrics.series
        func value(_ name: String, _ labels: String) -> MetricValue? {
            series.first { $0.name == name && self.labels($0) == labels }?.value
        }
        let project = EntityID(high: 0, low: 7).text(.project)
        #expect(value("sluice_project_requests_total", "project=\(project),status=2xx") == .counter(2))
        #expect(value("sluice_project_requests_total", "project=\(project),status=4xx") == .counter(1))
        #expect(value("sluice_project_tokens_total", "project=\(project)") == .counter(24))
        #expect(value("sluice_project_cost_dollars_total", "project=\(project)") == .counter(3 * 1_234))
        #expect(value("sluice_project_requests_total", "project=other,status=2xx") == .counter(200))
        #expect(series.count { $0.name == "sluice_project_tokens_total" } == 201)
    }

    @Test func namesThatClientsChooseAreBounded() throws {
        var metrics = EdgeMetrics()
        metrics.expect(models: [Array("smart".utf8)])
        // A name nobody was ever served under makes no series of its own.
        metrics.record(self.request("junk", status: 404, provider: nil))
        for number in 0..<5000 { metrics.record(self.request("model-\(number)", status: UInt16(200 + number % 100))) }
        let series = metrics.series
        let models = Set(series.flatMap { $0.labels.filter { $0.name == "model" }.map { $0.value } })
        #expect(models.contains("other") && !models.contains("junk"))
        #expect(models.count <= 201)
        let total = series.filter { $0.name == "sluice_requests_total" }.reduce(into: UInt64(0)) { sum, series in
            if case .counter(let count) = series.value { sum += count }
        }
        #expect(total == 5001)
        #expect(MetricPageReader(of: metrics.page).refused == 0)
    }

    /// A provider's own code comes with its failure, whatever it is.
    @Test func codesOfProvidersAreBoundedAndLeaveRoomForTheGatewaysOwn() {
        var metrics = EdgeMetrics()
        for number in 0..<1000 {
            metrics.record(
                GatewayError(
                    code: number % 2 == 0 ? "code-\(number)" : "code \"\(number)\"", type: "t", status: 502,
                    source: .provider,
                    message: ""))
        }
        metrics.record(GatewayError.upstreamLost)
        let codes = metrics.series.flatMap { $0.labels.filter { $0.name == "code" }.map { $0.value } }
        #expect(codes.contains("other") && codes.contains("upstream_lost") && codes.contains("code-0"))
        #expect(!codes.contains { $0.contains("\"") })
        #expect(codes.count < 200)
    }

    @Test func requestsAreCountedAsTheClientSawThem() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        let stream = try #require(try peer.request()).stream
        try peer.send(
            FakePeer.head(length: 2).frame(stream: stream) + FakePeer.chunk("{}", stream)
                + StreamEnd(usage: TokenUsage(input: 3, output: 4)).frame(stream: stream))
        try client.send(FakeClient.post("{}"))
        try client.send(FakeClient.post(FakeClient.chat))
        try client.channel.close().wait()
        try peer.answerCancels()
        let totals = rig.core.metrics.series.filter { $0.name == "sluice_requests_total" }.map(self.labels)
        #expect(
            Set(totals) == [
                "endpoint=chat_completions,model=smart,provider=local,status=200",
                "endpoint=chat_completions,model=,provider=,status=400",
                "endpoint=chat_completions,model=smart,provider=local,status=499",
            ])
        #expect(rig.core.metrics.inFlight == 0)
    }
}
