import Database

/// Changes of sums on their way into PostgreSQL, as `StagedRequests`: first the keys of the rows that change, to find out what they say, then
/// what they are to say. Nobody else writes the rows of this host.
enum StagedRollups {
    static let table: SQL = """
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_rollups (
            is_day BIGINT, is_new BIGINT, period BIGINT, scope BIGINT, route BIGINT,
            \(SQL.joined(RollupSums.columns.map { "\($0) BIGINT" })), detail BYTEA) ON COMMIT DELETE ROWS
        """
    private static let columns: [SQL] =
        ["is_day", "is_new", "period", "scope", "route"] + RollupSums.columns + ["detail"]
    private static let target: SQL = "staged_rollups (\(SQL.joined(columns)))"

    /// What the rows of one table say that change. OFFSET 0 keeps the planner, which knows nothing of a temporary table, from reading all of it.
    static func find(_ period: RollupPeriod) -> SQL {
        """
        SELECT s.period, s.scope, s.route, \(SQL.joined(RollupSums.columns.map { "r.\($0)" })), r.detail
        FROM staged_rollups s, LATERAL (
            SELECT * FROM \(period.table) q
            WHERE q.\(period.column) = s.period AND q.scope = s.scope AND q.route = s.route AND q.host = $1 OFFSET 0) r
        WHERE s.is_new = 0 AND s.is_day = \(period == .day ? 1 : 0)
        """
    }

    static func merge(_ period: RollupPeriod) -> SQL {
        """
        INSERT INTO \(period.table) (\(period.key), \(SQL.joined(RollupSums.columns)), detail)
        SELECT s.period, s.scope, s.route, CAST($1 AS BIGINT), \(SQL.joined(RollupSums.columns.map { "s.\($0)" })), s.detail
        FROM staged_rollups s WHERE s.is_new = 1 AND s.is_day = \(period == .day ? 1 : 0)
        ORDER BY s.period, s.scope, s.route
        ON CONFLICT (\(period.key)) DO UPDATE SET \(period.update)
        """
    }

    /// Adds `changes` to the rows of a host. Must be inside of a transaction that excludes whoever else writes for it, and once in it.
    static func add(
        _ changes: (hours: RollupRows, days: RollupRows), ofHost host: UInt32, to database: PostgresConnection
    ) throws(DatabaseError) {
        var hours = changes.hours.filter { !$0.value.isEmpty }
        var days = changes.days.filter { !$0.value.isEmpty }
        guard !hours.isEmpty || !days.isEmpty else { return }
        try database.execute(self.table)
        try database.copy(into: self.target, columns: self.columns.count) { (rows) throws(DatabaseError) in
            for key in hours.keys { try self.add(key, .hour, nil, to: rows) }
            for key in days.keys { try self.add(key, .day, nil, to: rows) }
        }
        for (period, column) in [(RollupPeriod.hour, 0), (.day, 1)] {
            let statement = try database.statement(self.find(period))
            try statement.bind(1, Int64(host))
            while try statement.step() {
                let key = RollupKey(
                    period: statement.integer(0), scope: statement.integer(1), route: statement.integer(2))
                let sums = RollupSums(statement, from: 3)
                if column == 0 { hours[key]?.add(sums) } else { days[key]?.add(sums) }
            }
        }
        try database.copy(into: self.target, columns: self.columns.count) { (rows) throws(DatabaseError) in
            for (key, sums) in hours { try self.add(key, .hour, sums, to: rows) }
            for (key, sums) in days { try self.add(key, .day, sums, to: rows) }
        }
        for period in RollupPeriod.allCases {
            let statement = try database.statement(self.merge(period))
            try statement.bind(1, Int64(host))
            try statement.run()
        }
    }

    /// `sums`: nil for a key alone.
    private static func add(
        _ key: RollupKey, _ period: RollupPeriod, _ sums: RollupSums?, to rows: PostgresCopy
    ) throws(DatabaseError) {
        try rows.beginRow()
        try rows.integer(period == .day ? 1 : 0)
        try rows.integer(sums == nil ? 0 : 1)
        try rows.integer(key.period)
        try rows.integer(key.scope)
        try rows.integer(key.route)
        guard let sums else {
            for _ in 0...RollupSums.columns.count { try rows.null() }
            return
        }
        for number in sums.numbers { try rows.integer(number) }
        try rows.bytes(sums.packed)
    }
}
