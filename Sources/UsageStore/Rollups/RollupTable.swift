import Database

/// Writes rows of sums to the file: a row is read, changed and written again.
final class RollupTable {
    /// The file has one writer.
    private static let host: Int64 = 0

    private let database: SQLiteDatabase

    init(_ database: SQLiteDatabase) {
        self.database = database
    }

    /// Adds `changes` to the rows of hours and of days. Must be inside a transaction.
    func add(_ changes: (hours: RollupRows, days: RollupRows)) throws(DatabaseError) {
        try self.add(changes.hours, .hour)
        try self.add(changes.days, .day)
    }

    private func add(_ changes: RollupRows, _ period: RollupPeriod) throws(DatabaseError) {
        guard !changes.isEmpty else { return }
        let find = try self.database.statement(
            """
            SELECT \(SQL.joined(RollupSums.columns)), detail FROM \(period.table)
            WHERE \(period.column) = $1 AND scope = $2 AND route = $3 AND host = $4
            """)
        let put = try self.database.statement(period.put)
        // Neighbours lie on the same page.
        for (key, change) in changes.sorted(by: { $0.key < $1.key }) where !change.isEmpty {
            var sums = change
            for (index, number) in [key.period, key.scope, key.route, Self.host].enumerated() {
                try find.bind(index + 1, number)
                try put.bind(index + 1, number)
            }
            if try find.step() {
                sums.add(RollupSums(find, from: 0))
                find.reset()
            }
            for (index, number) in sums.numbers.enumerated() { try put.bind(index + 5, number) }
            try put.bind(5 + RollupSums.columns.count, blob: sums.packed)
            try put.run()
        }
    }
}
