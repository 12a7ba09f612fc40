import Domain
import Metrics

/// What one edge counts, on its metric page. Lives on the event loop.
///
/// The next request is as a rule of the same series as the last one, whose place on the page is kept: counting is then a few
/// stores. The page may have series of processes before this one; their labels are known from the start.
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
        /// Who it is charged to, where projects are counted.
        var project: EntityID?
    }

    /// Series of one metric.
    private static let seriesLimit = 2000
    /// Labels of errors from which on only the gateway's own get further ones.
    private static let foreignErrorLimit = 120

    let page: MetricPage
    private var models = LabelTable(limit: 200)
    private var providers = LabelTable(limit: 200)
    private var errorNames = LabelTable(limit: 200)
    /// By endpoint, model, provider and status, 16 bits each.
    private var requests: [UInt64: MetricCounter] = [:]
    /// By source and code.
    private var errors: [UInt64: MetricCounter] = [:]
    /// Places among `uses`, by model and provider.
    private var consumption: [UInt64: Int] = [:]
    private var uses: [Consumption] = []
    private var durations: RequestHistograms
    private var firstContents: RequestHistograms
    /// Of the newest request.
    private var newest: (key: UInt64, counter: MetricCounter)?
    private var newestUse: (names: UInt64, place: Int)?
    var limits: LimitMetrics
    var tls: TLSMetrics
    private var projects: ProjectMetrics
    private var lostRecordsTotal: MetricTotal
    private let snapshotsGauge: MetricGauge
    private let inFlightGauge: MetricGauge

    /// Versions of the configuration in memory.
    var snapshots: UInt32 = 0 {
        didSet { self.snapshotsGauge.set(Int64(self.snapshots)) }
    }
    /// Requests being worked on.
    var inFlight: UInt32 = 0 {
        didSet { self.inFlightGauge.set(Int64(self.inFlight)) }
    }

    init(_ page: MetricPage = MetricPage()) {
        self.page = page
        self.durations = RequestHistograms(page, MetricCatalogue.requestDuration)
        self.firstContents = RequestHistograms(page, MetricCatalogue.firstToken)
        self.limits = LimitMetrics(page)
        self.tls = TLSMetrics(page)
        self.projects = ProjectMetrics(page)
        self.lostRecordsTotal = MetricTotal(page.counter(MetricCatalogue.recordsLost))
        self.snapshotsGauge = page.gauge(MetricCatalogue.snapshots, Role.edge.label)
        self.inFlightGauge = page.gauge(MetricCatalogue.requestsInFlight)
        self.inFlightGauge.set(0)
        for labels in page.labels(of: MetricCatalogue.requests) where labels.count == 4 {
            self.models.know(labels[1])
            self.providers.know(labels[2])
        }
        for labels in page.labels(of: MetricCatalogue.errors) where labels.count == 2 {
            self.errorNames.know(labels[1])
        }
    }

    /// The aliases of a snapshot get their labels before anybody else.
    mutating func expect(models: [[UInt8]]) {
        for model in models { _ = self.models.number(of: model) }
    }

    mutating func record(_ request: Request) {
        let isServed = request.status < 400
        let model = request.model.map {
            isServed ? self.models.number(of: $0) : self.models.existingNumber(of: $0)
        }
        let provider = request.provider.map { self.providers.number(of: $0) }
        let names = EdgeMetrics.pack(model, provider)
        self.count(UInt64(request.endpoint.rawValue) << 48 | names << 16 | UInt64(request.status))
        self.durations.record(request.endpoint, microseconds: request.duration)
        if let first = request.firstContent { self.firstContents.record(request.endpoint, microseconds: first) }
        if let usage = request.usage { self.add(usage, request.cost, names) }
        if let project = request.project { self.projects.record(request, project) }
    }

    private mutating func count(_ key: UInt64) {
        if let newest = self.newest, newest.key == key { return newest.counter.add() }
        let counter = self.requests[key] ?? self.makeCounter(key)
        self.requests[key] = counter
        self.newest = (key, counter)
        counter.add()
    }

    /// Where there are too many, model and provider are "other".
    private func makeCounter(_ key: UInt64) -> MetricCounter {
        let labels = self.requestLabels(key)
        if let counter = self.page.counter(MetricCatalogue.requests, labels, limit: Self.seriesLimit) { return counter }
        return self.page.counter(MetricCatalogue.requests, self.requestLabels(key & 0xFFFF_0000_0000_FFFF))
    }

    private func requestLabels(_ key: UInt64) -> [[UInt8]] {
        let endpoint = Route.Label(rawValue: EdgeMetrics.field(key, 48)) ?? .unknown
        return [Array(endpoint.text.utf8)] + self.nameLabels(key >> 16) + [Array("\(EdgeMetrics.field(key, 0))".utf8)]
    }

    private mutating func add(_ usage: TokenUsage, _ cost: Int64?, _ names: UInt64) {
        if let newest = self.newestUse, newest.names == names {
            return self.uses[newest.place].add(usage, cost: cost, self.page)
        }
        guard let place = self.place(names) else { return }
        self.newestUse = (names, place)
        self.uses[place].add(usage, cost: cost, self.page)
    }

    /// Where there are too many, model and provider are "other".
    private mutating func place(_ names: UInt64) -> Int? {
        if let known = self.consumption[names] { return known }
        guard let use = Consumption(self.page, self.nameLabels(names), limit: Self.seriesLimit / 8) else {
            return names == 0 ? nil : self.place(0)
        }
        self.uses.append(use)
        self.consumption[names] = self.uses.count - 1
        return self.uses.count - 1
    }

    mutating func record(_ error: GatewayError) {
        let code = self.errorNumber(error)
        let key = UInt64(error.source.rawValue) << 16 | UInt64(code)
        let known = self.errors[key]
        let counter =
            known
            ?? self.page.counter(
                MetricCatalogue.errors, [Array(error.source.label.utf8), self.errorNames.name(code)])
        if known == nil { self.errors[key] = counter }
        counter.add()
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

    /// Records that were not written so far, for want of room in the journal. To be called now and then.
    mutating func follow(lostRecords: UInt64) {
        self.lostRecordsTotal.follow(lostRecords)
    }

    // MARK: Labels

    /// 0 stands for "other", so names that are absent get the highest number.
    private static func pack(_ model: UInt16?, _ provider: UInt16?) -> UInt64 {
        UInt64(model ?? .max) << 16 | UInt64(provider ?? .max)
    }

    private func nameLabels(_ key: UInt64) -> [[UInt8]] {
        let model = EdgeMetrics.field(key, 16)
        let provider = EdgeMetrics.field(key, 0)
        return [
            model == .max ? [] : self.models.name(model), provider == .max ? [] : self.providers.name(provider),
        ]
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
