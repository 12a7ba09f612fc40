import Database
import Domain

/// Adds up rows of requests for `UsageReader.activity`, by the numbers that stand in them.
struct ActivitySums {
    private static let slowestCount = 8

    /// Milliseconds since 1970 from which on it counts that a request has come, or was over.
    private let from: UInt64
    private(set) var newest: RecordID?
    private(set) var begun: Int64 = 0
    private(set) var streams: Int64 = 0
    private(set) var disconnected: Int64 = 0
    private(set) var unknownPrice: Int64 = 0
    private(set) var total = ActivityReport.Group()
    private(set) var usage = TokenUsage()
    private(set) var durations: [Int64] = []
    private(set) var firstBytes: [Int64] = []
    /// The slowest first.
    private(set) var slowest: [(record: RecordID, total: Int64)] = []
    /// By the numbers of error, route and principal.
    private(set) var refused: [Int64: Int64] = [:]
    private(set) var routes: [Int64: ActivityReport.Group] = [:]
    private(set) var principals: [Int64: ActivityReport.Group] = [:]

    init(from: UInt64) {
        self.from = from
    }

    /// One row, with the columns that `UsageReader.activity` asks for.
    mutating func add(_ record: RecordID, _ row: any DatabaseStatement) {
        if self.newest == nil { self.newest = record }
        if record.milliseconds >= self.from { self.begun += 1 }
        let time = row.integer(14)
        let (end, overflow) = record.milliseconds.addingReportingOverflow(UInt64(max(0, time)) / 1000)
        guard row.integer(3) > 0, overflow || end >= self.from else { return }
        let detail = RequestDetail(row.bytes(15), withTrail: false)
        var usage = detail.rareUsage
        usage.input = row.integer(7)
        usage.cacheRead = row.integer(8)
        usage.output = row.integer(9)
        usage.reasoning = row.integer(10)
        self.usage = self.usage + usage
        let status = row.integer(4)
        let outcome = row.integer(5)
        var one = ActivityReport.Group(requests: 1, cost: max(0, row.integer(11)))
        one.errors = status >= 400 || outcome == Int64(ClientOutcome.error.rawValue) ? 1 : 0
        one.tokens = usage.total
        self.total.add(one)
        if detail.isStream { self.streams += 1 }
        if outcome == Int64(ClientOutcome.disconnected.rawValue) { self.disconnected += 1 }
        if row.integer(6) != 0, row.isNull(11) { self.unknownPrice += 1 }
        if status == 429, detail.attempts == 0 { self.refused[row.integer(12), default: 0] += 1 }
        self.routes[row.integer(2), default: .init()].add(one)
        self.principals[row.integer(1), default: .init()].add(one)
        // How quickly somebody is refused is no measure of anything.
        guard detail.attempts > 0, time > 0 else { return }
        self.durations.append(time)
        if detail.isStream, row.integer(13) > 0 { self.firstBytes.append(row.integer(13)) }
        guard self.slowest.count < Self.slowestCount || time > (self.slowest.last?.total ?? 0) else { return }
        let place = self.slowest.firstIndex { $0.total < time } ?? self.slowest.count
        self.slowest.insert((record, time), at: place)
        if self.slowest.count > Self.slowestCount { self.slowest.removeLast() }
    }
}

extension ActivityReport.Group {
    /// What is beyond Int64 stays at its greatest value.
    mutating func add(_ other: Self) {
        for path in [\Self.requests, \.errors, \.tokens, \.cost] {
            self[keyPath: path] = self[keyPath: path].addingClamped(other[keyPath: path])
        }
    }
}
