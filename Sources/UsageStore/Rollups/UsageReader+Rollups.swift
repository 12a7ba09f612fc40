import Database
import Domain

extension UsageReader {
    /// Periods that are read between two looks at the clock: of one scope, and of many.
    private static let fewScopes = 4096
    private static let manyScopes = 8

    /// Sums over the requests that have ended, from the rows of sums: the same as `recount` gives.
    ///
    /// As long as the sums of a period lack what was there before this program had any, they are made from the requests themselves, which
    /// takes longer the more there are.
    public func rollups(
        _ query: RollupQuery, isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> RollupReport {
        try self.reading { () throws(DatabaseError) in
            if try !self.hasRollups(of: query.period) { return try self.recounted(query, isOverdue) }
            let selection = try RollupSelection(query, in: self.database)
            let tally = RollupTally(query, selection, self.names)
            for search in selection.searches {
                guard try self.add(search, query.period, to: tally, isOverdue) else { return nil }
            }
            return tally.report()
        }
    }

    /// The same, from the requests, which takes longer the more there are. Those that were removed since are missing.
    public func recount(
        _ query: RollupQuery, isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> RollupReport {
        try self.reading { () throws(DatabaseError) in try self.recounted(query, isOverdue) }
    }

    /// Whether the rows of sums have all that was before they were made, too.
    private func hasRollups(of period: RollupQuery.Period) throws(DatabaseError) -> Bool {
        let unfilled = try RollupState.unfilled(in: self.database)
        let days =
            switch period {
            case .days(let days): days
            case .hours(let hours): LocalDay.days(ofHours: hours)
            }
        return unfilled.isEmpty || days.isEmpty || !unfilled.overlaps(days)
    }

    /// False when it took too long.
    private func add(
        _ scopes: ClosedRange<Int64>, _ period: RollupQuery.Period, to tally: RollupTally, _ isOverdue: () -> Bool
    ) throws(DatabaseError) -> Bool {
        let table = period.table
        let sql: SQL = """
            \(Self.periods(table))
            SELECT r.\(table.column), r.scope, r.route, \(SQL.joined(RollupSums.columns.map { "r.\($0)" })), r.detail
            FROM periods p \(self.database.product == .postgres ? Self.searched(table) : Self.joined(table))
            """
        let isNarrow = scopes.count == 1 || scopes.lowerBound >= RollupScope.Kind.organization.base
        for part in try self.parts(period, isNarrow ? Self.fewScopes : Self.manyScopes) {
            try self.database.forEachRow(
                sql,
                bind: { (statement) throws(DatabaseError) in
                    try statement.bind(1, part.lowerBound)
                    try statement.bind(2, part.upperBound)
                    try statement.bind(3, scopes.lowerBound)
                    try statement.bind(4, scopes.upperBound)
                },
                { (row) throws(DatabaseError) in
                    try tally.add(
                        period: row.integer(0), scope: row.integer(1), route: row.integer(2),
                        TalliedEntry(row, from: 3))
                })
            if isOverdue() { return false }
        }
        return true
    }

    /// The rows of each period: the planner of SQLite takes the periods one by one.
    private static func joined(_ table: RollupPeriod) -> SQL {
        "CROSS JOIN \(table.table) r WHERE r.\(table.column) = p.number AND r.scope BETWEEN $3 AND $4"
    }

    /// OFFSET 0 keeps PostgreSQL's planner, which takes a handful of periods for a hundred, from reading all of the table for many scopes.
    private static func searched(_ table: RollupPeriod) -> SQL {
        """
        CROSS JOIN LATERAL (SELECT * FROM \(table.table)
            WHERE \(table.column) = p.number AND scope BETWEEN $3 AND $4 OFFSET 0) r
        """
    }

    /// The periods from $1 and before $2 that have rows, each found from the one before: as each period's scopes lie together, those of
    /// one scope are one search for each period.
    private static func periods(_ table: RollupPeriod) -> SQL {
        """
        WITH RECURSIVE periods (number) AS (
            SELECT min(\(table.column)) FROM \(table.table) WHERE \(table.column) >= $1 AND \(table.column) < $2
            UNION ALL
            SELECT (SELECT min(\(table.column)) FROM \(table.table)
                WHERE \(table.column) > p.number AND \(table.column) < $2) FROM periods p WHERE p.number IS NOT NULL)
        """
    }

    /// A period in parts of at most `step` hours or days that have rows.
    private func parts(_ period: RollupQuery.Period, _ step: Int) throws(DatabaseError) -> [Range<Int64>] {
        let range = period.range
        guard !range.isEmpty else { return [] }
        if range.upperBound.subtractingReportingOverflow(range.lowerBound).overflow == false, range.count <= step {
            return [range]
        }
        var parts: [Range<Int64>] = []
        var count = 0
        let statement = try self.database.statement(
            "\(Self.periods(period.table)) SELECT number FROM periods WHERE number IS NOT NULL")
        defer { statement.reset() }
        try statement.bind(1, range.lowerBound)
        try statement.bind(2, range.upperBound)
        while try statement.step() {
            let number = statement.integer(0)
            if count % step == 0 {
                parts.append(number..<number + 1)
            } else {
                parts[parts.count - 1] = parts[parts.count - 1].lowerBound..<number + 1
            }
            count += 1
        }
        return parts
    }

    // MARK: From the requests

    private func recounted(_ query: RollupQuery, _ isOverdue: () -> Bool) throws(DatabaseError) -> RollupReport? {
        let tally = RollupTally(query, try RollupSelection(query, in: self.database, kind: .principal), self.names)
        let gather = RollupGather(RequestFault(self.database))
        let milliseconds =
            switch query.period {
            case .hours(let hours): LocalDay.milliseconds(ofHours: hours)
            case .days(let days): LocalDay.milliseconds(of: days)
            }
        let scan = RequestScan(self.database, milliseconds)
        while try scan.page(Self.page, { (request) throws(DatabaseError) in try gather.add(request) }) {
            if isOverdue() { return nil }
        }
        for group in gather.groups {
            let period = query.period.table == .hour ? group.key.hour : group.key.day
            try tally.add(period: period, scope: group.key.principal, route: group.key.route, TalliedEntry(group.sums))
        }
        return tally.report()
    }
}
