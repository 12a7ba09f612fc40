import Database
import Domain

/// Recounts the sums of some days and of their hours, and tells what has to be added to make them right.
///
/// It reads in a transaction of its own, which sees one moment for as long as it takes. Who writes moves rows and sums together, so what was
/// wrong at that moment stays wrong by as much, whatever is written meanwhile: a difference may be added at any later time, once.
final class RollupAudit {
    let days: Range<Int64>
    private let database: any DatabaseConnection
    private let scopes: RollupScopes
    private let scan: RequestScan
    /// Of the hour that is being read.
    private let gather: RollupGather
    private var hour: Int64?
    /// Of days that are not over yet.
    private var expected: RollupRows = [:]
    /// The first that was not compared yet.
    private var nextHour: Int64
    private var nextDay: Int64
    private(set) var isDone = false
    /// Rows of sums that were wrong.
    private(set) var differed = 0

    /// `database` is used by nobody else; `scopes` finds and makes scopes, on another connection.
    init(_ days: Range<Int64>, _ database: any DatabaseConnection, _ scopes: RollupScopes) throws(DatabaseError) {
        self.days = days
        self.database = database
        self.scopes = scopes
        self.scan = RequestScan(database, LocalDay.milliseconds(of: days))
        self.gather = RollupGather(RequestFault(database))
        self.nextHour = days.lowerBound * 24
        self.nextDay = days.lowerBound
        try database.beginReading()
    }

    deinit {
        self.database.rollback()
    }

    /// Reads about `rows` requests more. Returns what is to be added to the sums of the hours and days that are complete now.
    func step(rows: Int64) throws(DatabaseError) -> (hours: RollupRows, days: RollupRows) {
        var changes: (hours: RollupRows, days: RollupRows) = ([:], [:])
        var read: Int64 = 0
        while !self.isDone, read < rows {
            let page = min(rows, UsageReader.page)
            read += page
            let hasMore = try self.scan.page(page) { (request) throws(DatabaseError) in
                let hour = LocalDay.hour(of: request.record)
                if let present = self.hour, hour != present { try self.close(present, next: hour, &changes) }
                self.hour = hour
                try self.gather.add(request)
            }
            guard !hasMore else { continue }
            if let hour = self.hour { try self.close(hour, next: .max, &changes) }
            try self.compareHours(until: self.days.upperBound * 24, [:], &changes.hours)
            try self.compareDays(until: self.days.upperBound, &changes.days)
            self.database.rollback()
            self.isDone = true
        }
        self.differed += changes.hours.count + changes.days.count
        return changes
    }

    /// An hour's requests were read; the next one is of the hour `next`.
    private func close(
        _ hour: Int64, next: Int64, _ changes: inout (hours: RollupRows, days: RollupRows)
    ) throws(DatabaseError) {
        let rows = try self.gather.rows(self.scopes)
        self.gather.clear()
        if hour >= self.nextHour, hour < self.days.upperBound * 24 {
            try self.compareHours(until: hour + 1, rows.hours, &changes.hours)
        }
        for (key, sums) in rows.days where self.days.contains(key.period) {
            self.expected[key, default: RollupSums()].add(sums)
        }
        // By clocks far behind a day lasts on after its end in UTC.
        let over = (next.subtractingClamping(Int64(LocalDay.furthest / LocalDay.hour))) / 24
        if over > self.nextDay { try self.compareDays(until: min(over, self.days.upperBound), &changes.days) }
    }

    private func compareHours(
        until end: Int64, _ expected: RollupRows, _ changes: inout RollupRows
    ) throws(DatabaseError) {
        guard end > self.nextHour else { return }
        changes.merge(try self.differences(.hour, self.nextHour..<end, expected)) { $1 }
        self.nextHour = end
    }

    private func compareDays(until end: Int64, _ changes: inout RollupRows) throws(DatabaseError) {
        guard end > self.nextDay else { return }
        let expected = self.expected.filter { $0.key.period < end }
        self.expected = self.expected.filter { $0.key.period >= end }
        changes.merge(try self.differences(.day, self.nextDay..<end, expected)) { $1 }
        self.nextDay = end
    }

    /// What the rows of these periods lack, all hosts' together.
    private func differences(
        _ table: RollupPeriod, _ periods: Range<Int64>, _ expected: RollupRows
    ) throws(DatabaseError) -> RollupRows {
        var differences = expected
        try self.database.forEachRow(
            """
            SELECT \(table.column), scope, route, \(SQL.joined(RollupSums.columns)), detail FROM \(table.table)
            WHERE \(table.column) >= $1 AND \(table.column) < $2
            """,
            bind: { (statement) throws(DatabaseError) in
                try statement.bind(1, periods.lowerBound)
                try statement.bind(2, periods.upperBound)
            },
            { (row) throws(DatabaseError) in
                let key = RollupKey(period: row.integer(0), scope: row.integer(1), route: row.integer(2))
                differences[key, default: RollupSums()].add(RollupSums(row, from: 3), -1)
            })
        return differences.filter { !$0.value.isEmpty }
    }
}

extension Int64 {
    fileprivate func subtractingClamping(_ other: Int64) -> Int64 {
        let (difference, overflow) = self.subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}
