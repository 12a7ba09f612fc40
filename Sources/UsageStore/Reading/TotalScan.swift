public import Database
import Domain

/// Goes through what was ever used, by principal and route, some rows at a time: sums of days, and what was kept of days whose sums were
/// removed. Each may come in several parts, of which one may be below 0.
public final class TotalScan {
    private let database: any DatabaseConnection
    /// The key of the last row of sums; nil when all were read.
    private var day: [Int64]? = [.min, .min, .min, .min]
    private var before: [Int64]? = [.min, .min]

    init(_ database: any DatabaseConnection) {
        self.database = database
    }

    /// Everything was read.
    public var isDone: Bool { self.day == nil && self.before == nil }

    /// Calls `body` with the principal, the route (each nil where it is not known) and what they used, for the next rows, `limit` at most. Returns
    /// how many there were. About two microseconds for each.
    public func page(
        limit: Int, _ body: (_ principal: Int64?, _ route: Int64?, TotalUse) -> Void
    ) throws(DatabaseError) -> Int {
        if let day = self.day {
            let (last, count) = try self.rows(
                """
                SELECT day, scope, route, host, \(SQL.joined(RollupSums.columns)), detail FROM rollup_days
                WHERE (day, scope, route, host) > ($1, $2, $3, $4) AND scope < \(RollupScope.Kind.project.base)
                ORDER BY day, scope, route, host LIMIT $5
                """, after: day, limit
            ) { row in
                body(Self.known(row.integer(1)), Self.known(row.integer(2)), TotalUse(RollupSums(row, from: 4)))
            }
            self.day = last
            return count
        }
        guard let before = self.before else { return 0 }
        let (last, count) = try self.rows(
            """
            SELECT principal, route, tokens, cost FROM used_before
            WHERE (principal, route) > ($1, $2) ORDER BY principal, route LIMIT $3
            """, after: before, limit
        ) { row in
            body(
                Self.known(row.integer(0)), Self.known(row.integer(1)),
                TotalUse(tokens: row.integer(2), cost: row.integer(3)))
        }
        self.before = last
        return count
    }

    private static func known(_ number: Int64) -> Int64? { number > 0 ? number : nil }

    /// The key of the last row, nil when there are no more; and how many there were.
    private func rows(
        _ sql: SQL, after key: [Int64], _ limit: Int, _ body: (any DatabaseStatement) -> Void
    ) throws(DatabaseError) -> (last: [Int64]?, count: Int) {
        let statement = try self.database.statement(sql)
        defer { statement.reset() }
        for (index, number) in (key + [Int64(limit)]).enumerated() { try statement.bind(index + 1, number) }
        var last = key
        var count = 0
        while try statement.step() {
            count += 1
            last = key.indices.map { statement.integer($0) }
            body(statement)
        }
        return (count < limit ? nil : last, count)
    }
}
