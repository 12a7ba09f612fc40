import Domain
import IPC

/// What one edge has counted since its start; sent as totals once a second. Lives on the event loop.
struct EdgeMetrics {
    /// One finished request.
    struct Request {
        var endpoint: Route.Label
        /// What the client asked for; nil where no model is involved.
        var model: [UInt8]?
        /// The provider that answered, or was to answer.
        var provider: [UInt8]?
        /// The status the client got; 499 when it was gone before one could be sent.
        var status: UInt16
        /// Microseconds from the end of the head to the last byte.
        var duration: UInt64
        /// Microseconds from the end of the head to the first byte of content; nil where there was none.
        var firstContent: UInt64?
        var usage: TokenUsage?
        /// Nano-USD; nil where a price is unknown.
        var cost: Int64?
    }

    /// What the requests of one model and provider have used.
    private struct Consumption {
        var usage = TokenUsage()
        /// Nano-USD, of requests whose price was known.
        var cost: UInt64 = 0
    }

    private static let seriesLimit = 2000
    /// Labels of errors from which on only the gateway's own get further ones.
    private static let foreignErrorLimit = 120
    private var models = LabelTable(limit: 200)
    private var providers = LabelTable(limit: 200)
    private var errorNames = LabelTable(limit: 200)
    /// By endpoint, model, provider and status, 16 bits each.
    private var requests: [UInt64: UInt64] = [:]
    /// By source and code.
    private var errors: [UInt64: UInt64] = [:]
    /// By model and provider.
    private var consumption: [UInt64: Consumption] = [:]
    /// By endpoint.
    private var durations = [Histogram](repeating: Histogram(), count: Route.Label.allCases.count)
    private var firstContents = [Histogram](repeating: Histogram(), count: Route.Label.allCases.count)
    /// What the newest requests of one series have counted and is not in `requests` and `consumption` yet: as a rule the next
    /// request is of the same series.
    private var newest: (key: UInt64, count: UInt64) = (0, 0)
    private var newestUse: (names: UInt64, use: Consumption)?
    /// Something has changed since the last report.
    private(set) var hasNews = true
    var limits = LimitMetrics() {
        didSet { self.hasNews = true }
    }
    var tls = TLSMetrics() {
        didSet { self.hasNews = true }
    }
    /// Records that were not written, for want of room in the journal.
    var lostRecords: UInt64 = 0 {
        didSet { if self.lostRecords != oldValue { self.hasNews = true } }
    }
    /// Lines of the log that were not written, as nobody took them.
    var droppedLines: UInt64 = 0 {
        didSet { if self.droppedLines != oldValue { self.hasNews = true } }
    }
    /// Versions of the configuration in memory.
    var snapshots: UInt32 = 0 {
        didSet { if self.snapshots != oldValue { self.hasNews = true } }
    }
    /// Requests being worked on.
    var inFlight: UInt32 = 0 {
        didSet { self.hasNews = true }
    }

    init() {}

    /// The aliases of a snapshot get their labels before anybody else.
    mutating func expect(models: [[UInt8]]) {
        for model in models { _ = self.models.number(of: model) }
    }

    mutating func record(_ request: Request) {
        self.hasNews = true
        let endpoint = request.endpoint.rawValue
        let isServed = request.status < 400
        let model = request.model.map {
            isServed ? self.models.number(of: $0) : self.models.existingNumber(of: $0)
        }
        let provider = request.provider.map { self.providers.number(of: $0) }
        let names = EdgeMetrics.pack(model, provider)
        let key = UInt64(endpoint) << 48 | names << 16 | UInt64(request.status)
        if key != self.newest.key { self.countNewest() }
        self.newest = (key, self.newest.count &+ 1)
        self.durations[Int(endpoint)].record(microseconds: request.duration)
        if let first = request.firstContent { self.firstContents[Int(endpoint)].record(microseconds: first) }
        if let usage = request.usage { self.add(usage, request.cost, names) }
    }

    private mutating func countNewest() {
        guard self.newest.count > 0 else { return }
        var key = self.newest.key
        if self.requests[key] == nil, self.requests.count >= EdgeMetrics.seriesLimit {
            key &= 0xFFFF_0000_0000_FFFF
        }
        self.requests[key, default: 0] &+= self.newest.count
        self.newest.count = 0
    }

    private mutating func add(_ usage: TokenUsage, _ cost: Int64?, _ names: UInt64) {
        let cost = UInt64(clamping: cost ?? 0)
        if let newest = self.newestUse, newest.names == names {
            self.newestUse = (
                names, Consumption(usage: newest.use.usage + usage, cost: newest.use.cost &+ cost)
            )
            return
        }
        self.addNewestUse()
        self.newestUse = (names, Consumption(usage: usage, cost: cost))
    }

    private mutating func addNewestUse() {
        guard let (names, use) = self.newestUse else { return }
        self.newestUse = nil
        guard let place = self.consumption.index(forKey: names) else {
            guard self.consumption.count < EdgeMetrics.seriesLimit / 8 else { return }
            self.consumption[names] = use
            return
        }
        let total = self.consumption.values[place]
        self.consumption.values[place] = Consumption(usage: total.usage + use.usage, cost: total.cost &+ use.cost)
    }

    mutating func record(_ error: GatewayError) {
        self.hasNews = true
        let code = self.errorNumber(error)
        self.errors[UInt64(error.source.rawValue) << 16 | UInt64(code), default: 0] &+= 1
    }

    /// The gateway's own names get their labels whatever providers say: theirs are without number, some hold what a client wrote.
    private mutating func errorNumber(_ error: GatewayError) -> UInt16 {
        let code = Array(error.code.utf8)
        guard error.source == .provider || error.source == .client else { return self.errorNames.number(of: code) }
        let isName = code.count <= 64 && code.allSatisfy(Self.isOfName)
        guard isName, self.errorNames.count < Self.foreignErrorLimit else {
            return self.errorNames.existingNumber(of: code)
        }
        return self.errorNames.number(of: code)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// 0 stands for "other", so names that are absent get the highest number.
    private static func pack(_ model: UInt16?, _ provider: UInt16?) -> UInt64 {
        UInt64(model ?? .max) << 16 | UInt64(provider ?? .max)
    }

    // MARK: Reports

    /// All totals, for the aggregator.
    mutating func report() -> MetricReport {
        self.hasNews = false
        self.countNewest()
        self.addNewestUse()
        var series: [MetricReport.Series] = [
            .init(name: "sluice_requests_in_flight", labels: [], value: .gauge(Int64(self.inFlight))),
            .init(name: "sluice_records_lost_total", labels: [], value: .counter(self.lostRecords)),
            .init(
                name: "sluice_log_lines_dropped_total", labels: [.init("role", Role.edge.label)],
                value: .counter(self.droppedLines)),
            .init(
                name: "sluice_snapshots", labels: [MetricReport.Label("role", "edge")],
                value: .gauge(Int64(self.snapshots))),
        ]
        for (key, count) in self.requests {
            let labels =
                [MetricReport.Label("endpoint", EdgeMetrics.endpoint(EdgeMetrics.field(key, 48)))]
                + self.nameLabels(key >> 16) + [.init("status", "\(EdgeMetrics.field(key, 0))")]
            series.append(.init(name: "sluice_requests_total", labels: labels, value: .counter(count)))
        }
        for (key, count) in self.errors {
            let source = GatewayError.Source(rawValue: UInt8(truncatingIfNeeded: key >> 16)) ?? .gateway
            let labels: [MetricReport.Label] = [
                .init("source", source.label), .init("code", self.errorNames.name(EdgeMetrics.field(key, 0))),
            ]
            series.append(.init(name: "sluice_errors_total", labels: labels, value: .counter(count)))
        }
        for (key, consumed) in self.consumption {
            let names = self.nameLabels(key)
            series += self.tokenSeries(names, consumed.usage)
            series.append(
                .init(name: "sluice_cost_dollars_total", labels: names, value: .counter(consumed.cost)))
        }
        series += self.limits.series
        series += self.tls.series
        series += self.series("sluice_request_duration_seconds", self.durations)
        series += self.series("sluice_time_to_first_token_seconds", self.firstContents)
        return MetricReport(series: series)
    }

    private func series(_ name: String, _ histograms: [Histogram]) -> [MetricReport.Series] {
        Route.Label.allCases.compactMap { endpoint in
            let histogram = histograms[Int(endpoint.rawValue)]
            guard !histogram.isEmpty else { return nil }
            return .init(name: name, labels: [.init("endpoint", endpoint.text)], value: histogram.value)
        }
    }

    private func tokenSeries(_ names: [MetricReport.Label], _ usage: TokenUsage) -> [MetricReport.Series] {
        // The common ones are always there, the rare ones once they were seen.
        let common: [TokenClass] = [.input, .cacheRead, .output, .reasoning]
        return TokenClass.allCases.filter { usage[$0] != 0 || common.contains($0) }.map {
            .init(
                name: "sluice_tokens_total", labels: names + [.init("class", $0.label)],
                value: .counter(UInt64(clamping: usage[$0])))
        }
    }

    private func nameLabels(_ key: UInt64) -> [MetricReport.Label] {
        let model = EdgeMetrics.field(key, 16)
        let provider = EdgeMetrics.field(key, 0)
        return [
            .init("model", model == .max ? "" : self.models.name(model)),
            .init("provider", provider == .max ? "" : self.providers.name(provider)),
        ]
    }

    private static func endpoint(_ number: UInt16) -> String {
        (Route.Label(rawValue: number) ?? .unknown).text
    }

    private static func field(_ key: UInt64, _ shift: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: key >> shift) }
}

extension GatewayError.Source {
    /// The label in metrics and logs.
    var label: String {
        switch self {
        case .client: "client"
        case .provider: "provider"
        case .gateway: "gateway"
        }
    }
}
