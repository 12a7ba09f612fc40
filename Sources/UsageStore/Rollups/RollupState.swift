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

    /// Milliseconds since 1970 from which on all requests are there.
    static func keptFrom(in database: any DatabaseConnection) throws(DatabaseError) -> UInt64 {
        UInt64(max(0, try database.integer("SELECT kept_from FROM rollup_state") ?? 0))
    }

    /// Says that requests before `milliseconds` are removed, with the transaction that removes them: that they are missing is no fault of the
    /// sums. What was said earlier of later ones stays.
    static func set(keptFrom milliseconds: UInt64, in database: any DatabaseConnection) throws(DatabaseError) {
        let statement = try database.statement("UPDATE rollup_state SET kept_from = $1 WHERE kept_from < $1")
        try statement.bind(1, Int64(clamping: milliseconds))
        try statement.run()
    }

    static func set(unfilled days: Range<Int64>, in database: any DatabaseConnection) throws(DatabaseError) {
        let statement = try database.statement("UPDATE rollup_state SET unfilled_from = $1, unfilled_until = $2")
        try statement.bind(1, days.lowerBound)
        try statement.bind(2, days.upperBound)
        try statement.run()
    }
}
