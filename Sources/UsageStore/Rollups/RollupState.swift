import Database

/// How far the sums have what was there before this program had any: the row of `rollup_state`.
enum RollupState {
    /// The days whose sums lack something; empty when there are none.
    static func unfilled(in database: any DatabaseConnection) throws(DatabaseError) -> Range<Int64> {
        let statement = try database.statement("SELECT unfilled_from, unfilled_until FROM rollup_state")
        guard try statement.step() else { return 0..<0 }
        defer { statement.reset() }
        let from = statement.integer(0)
        return from..<max(from, statement.integer(1))
    }

    static func set(unfilled days: Range<Int64>, in database: any DatabaseConnection) throws(DatabaseError) {
        let statement = try database.statement("UPDATE rollup_state SET unfilled_from = $1, unfilled_until = $2")
        try statement.bind(1, days.lowerBound)
        try statement.bind(2, days.upperBound)
        try statement.run()
    }
}
