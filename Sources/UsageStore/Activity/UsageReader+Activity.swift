import Database
public import Domain

/// What is going on.
extension UsageReader {
    /// Rows that are looked at: some 150 ms.
    private static let activityRows = 150_000
    private static let activityPage: Int64 = 2048
    /// Entries of each list.
    private static let topCount = 8
    /// Requests that are counted as running.
    private static let runningLimit = 20_000
    /// Milliseconds that a clock may be ahead, or a request run.
    private static let ahead: UInt64 = 10_000
    private static let longestRun: UInt64 = 3_600_000

    /// What was going on in the `period` milliseconds before `now` (milliseconds since 1970), and is now; only of `organization` where it is
    /// given. Requests that began `lookBack` milliseconds before the period are looked at, too: they may have ended in it. It is less where
    /// there are too many, or it takes too long.
    public func activity(
        now: UInt64, period: UInt64 = 60_000, lookBack: UInt64 = 300_000, organization: EntityID? = nil,
        isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> ActivityReport {
        do throws(DatabaseError) {
            return try self.database.reading { () throws(DatabaseError) in
                var sums = ActivitySums(from: now > period ? now - period : 0)
                let from = RecordID.first(atMilliseconds: now > period + lookBack ? now - period - lookBack : 0)
                let end = try self.scan(&sums, now: now, from: from, organization, isOverdue)
                var report = try self.report(sums)
                // Where it had to end before its time.
                let reached = end.map { now > $0.milliseconds ? now - $0.milliseconds : 0 } ?? period + lookBack
                report.period = max(1, min(period, reached))
                report.lookedBack = reached
                try self.addRunning(&report, now: now, organization)
                return report
            }
        } catch {
            throw .database(error)
        }
    }

    /// From the newest on; the record at which it has ended, nil where it went all the way.
    private func scan(
        _ sums: inout ActivitySums, now: UInt64, from: RecordID, _ organization: EntityID?, _ isOverdue: () -> Bool
    ) throws(DatabaseError) -> RecordID? {
        var before = RecordID.first(atMilliseconds: now &+ Self.ahead)
        var rows = 0
        while true {
            let statement = try self.database.statement(
                """
                SELECT record, coalesce(principal, -1), coalesce(route, -1), rank, status, outcome, usage_source, input, cache_read,
                    output, reasoning, cost, coalesce(error, 0), first_byte, total, detail
                FROM requests WHERE record >= $1 AND record < $2 ORDER BY record DESC LIMIT $3
                """)
            defer { statement.reset() }
            try statement.bind(1, blob: from.bytes)
            try statement.bind(2, blob: before.bytes)
            try statement.bind(3, Self.activityPage)
            var page: Int64 = 0
            while try statement.step() {
                page += 1
                guard let record = RecordID(bytes: statement.bytes(0)) else { continue }
                before = record
                if let organization {
                    let principal = try self.names.principal(statement.integer(1))
                    guard principal?.organization == organization else { continue }
                }
                sums.add(record, statement)
            }
            rows += Int(page)
            if page < Self.activityPage { return nil }
            if rows >= Self.activityRows || isOverdue() { return before }
        }
    }

    private func report(_ sums: ActivitySums) throws(DatabaseError) -> ActivityReport {
        var report = ActivityReport(period: 1)
        report.newest = sums.newest
        report.begun = sums.begun
        report.ended = sums.total.requests
        report.streams = sums.streams
        report.errors = sums.total.errors
        report.disconnected = sums.disconnected
        report.usage = sums.usage
        report.cost = sums.total.cost
        report.unknownPrice = sums.unknownPrice
        report.durations = ActivityReport.Durations(sums.durations)
        report.firstBytes = ActivityReport.Durations(sums.firstBytes)
        for (error, count) in sums.refused { report.refused[try self.names.name(error), default: 0] += count }
        for slow in sums.slowest {
            if let row = try self.request(slow.record) { report.slowest.append(row) }
        }
        // Several routes are of one model, and several of one provider.
        var models: [[UInt8]: ActivityReport.Group] = [:]
        var providers: [[UInt8]: ActivityReport.Group] = [:]
        for (number, totals) in sums.routes {
            let route = try self.names.route(number)
            if !route.model.isEmpty { models[route.model, default: .init()].add(totals) }
            if !route.provider.isEmpty { providers[route.provider, default: .init()].add(totals) }
        }
        var keys: [EntityID: ActivityReport.Group] = [:]
        for (number, totals) in sums.principals {
            guard let principal = try self.names.principal(number) else { continue }
            keys[principal.key, default: .init()].add(totals)
        }
        report.models = Self.top(models) { $0.lexicographicallyPrecedes($1) }.map { (name: $0, totals: $1) }
        report.providers = Self.top(providers) { $0.lexicographicallyPrecedes($1) }.map { (name: $0, totals: $1) }
        report.keys = Self.top(keys) { ($0.high, $0.low) < ($1.high, $1.low) }.map { (key: $0, totals: $1) }
        return report
    }

    /// Those with most requests.
    private static func top<Key>(
        _ groups: [Key: ActivityReport.Group], isBefore: (Key, Key) -> Bool
    ) -> ArraySlice<(key: Key, value: ActivityReport.Group)> {
        groups.sorted { a, b in
            a.value.requests == b.value.requests ? isBefore(a.key, b.key) : a.value.requests > b.value.requests
        }.prefix(self.topCount)
    }

    private func addRunning(
        _ report: inout ActivityReport, now: UInt64, _ organization: EntityID?
    ) throws(DatabaseError) {
        let from = RecordID.first(atMilliseconds: now > Self.longestRun ? now - Self.longestRun : 0)
        for record in try self.openRecords(from: from, limit: Self.runningLimit) {
            guard report.oldest.count < Self.topCount || organization != nil else {
                report.running += 1
                continue
            }
            guard let row = try self.request(record), row.rank == .open,
                organization == nil || row.principal?.organization == organization
            else { continue }
            report.running += 1
            if report.oldest.count < Self.topCount { report.oldest.append(row) }
        }
    }
}
