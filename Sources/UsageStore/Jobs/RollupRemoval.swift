import Database
import Domain

/// Removes sums of days, and of the hours in them, that are older than they are to be kept. What principals have used of each route in these days
/// stays, in two numbers: budgets that never end go on from it.
final class RollupRemoval: JobSteps {
    private let database: any DatabaseConnection
    private let day: Int64
    private var isAtHours = false

    /// `day`: the first that stays, counted from 1970.
    init(_ database: any DatabaseConnection, before day: Int64) {
        self.database = database
        self.day = day
    }

    func step(limit: Int) throws(DatabaseError) -> JobStep {
        let isAtHours = self.isAtHours
        let end = isAtHours ? self.day.multipliedReportingOverflow(by: 24).partialValue : self.day
        let period: RollupPeriod = isAtHours ? .hour : .day
        let amount = try self.database.transaction { () throws(DatabaseError) -> Int64 in
            guard let page = try self.page(period, before: end, limit: limit) else { return 0 }
            for (place, use) in page.uses { try self.keep(use, of: place) }
            return try self.remove(period, until: page.last)
        }
        let isFull = amount >= Int64(limit)
        if !isFull { self.isAtHours = true }
        return JobStep(amount: amount, isFull: isFull, state: isFull || !isAtHours ? .more : .done)
    }

    private struct Place: Hashable {
        var principal: Int64
        var route: Int64
    }

    /// The first rows: what principals used, and the key of the last.
    private struct Page {
        var uses: [Place: TotalUse] = [:]
        var last: [Int64] = []
    }

    private func page(_ period: RollupPeriod, before end: Int64, limit: Int) throws(DatabaseError) -> Page? {
        let statement = try self.database.statement(
            """
            SELECT \(period.key), \(SQL.joined(RollupSums.columns)), detail FROM \(period.table)
            WHERE \(period.column) < $1 ORDER BY \(period.key) LIMIT $2
            """)
        defer { statement.reset() }
        try statement.bind(1, end)
        try statement.bind(2, Int64(limit))
        var page = Page()
        while try statement.step() {
            page.last = (0..<4).map { statement.integer($0) }
            // Each request counts once for its principal; hours say the same again.
            guard period == .day, page.last[1] < RollupScope.Kind.project.base else { continue }
            let place = Place(principal: page.last[1], route: page.last[2])
            page.uses[place, default: TotalUse()].add(TotalUse(RollupSums(statement, from: 4)))
        }
        return page.last.isEmpty ? nil : page
    }

    private func keep(_ use: TotalUse, of place: Place) throws(DatabaseError) {
        guard use != TotalUse() else { return }
        let find = try self.database.statement(
            "SELECT tokens, cost FROM used_before WHERE principal = $1 AND route = $2")
        try find.bind(1, place.principal)
        try find.bind(2, place.route)
        var sum = use
        if try find.step() { sum.add(TotalUse(tokens: find.integer(0), cost: find.integer(1))) }
        find.reset()
        let put = try self.database.statement(
            """
            INSERT INTO used_before (principal, route, tokens, cost) VALUES ($1, $2, $3, $4)
            ON CONFLICT (principal, route) DO UPDATE SET tokens = excluded.tokens, cost = excluded.cost
            """)
        for (index, number) in [place.principal, place.route, sum.tokens, sum.cost].enumerated() {
            try put.bind(index + 1, number)
        }
        try put.run()
    }

    private func remove(_ period: RollupPeriod, until last: [Int64]) throws(DatabaseError) -> Int64 {
        let statement = try self.database.statement(
            "DELETE FROM \(period.table) WHERE (\(period.key)) <= ($1, $2, $3, $4)")
        for (index, number) in last.enumerated() { try statement.bind(index + 1, number) }
        try statement.run()
        return self.database.changes
    }
}
