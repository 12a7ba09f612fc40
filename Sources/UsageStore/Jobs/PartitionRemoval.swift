import Database
import Domain

/// Removes months of `requests` and `attempts` that are past as a whole, then what else came before a time, row by row.
///
/// A month costs a moment, however many rows it has: its two partitions are taken out and dropped. Requests that are not settled go to the
/// partition of the rest before, with their calls. What stands in the way is not waited for: whoever comes behind a lock that is waited for waits too.
final class PartitionRemoval: JobSteps {
    private let database: any DatabaseConnection
    /// Milliseconds since 1970.
    private let time: UInt64
    private let rest: RequestRemoval

    init(_ database: any DatabaseConnection, before time: UInt64) {
        self.database = database
        self.time = time
        self.rest = RequestRemoval(database, before: time)
    }

    /// Throws `contention` where somebody reads or writes the tables for long.
    func step(limit: Int) throws(DatabaseError) -> JobStep {
        // Of a database from before there were sums.
        guard try RollupState.unfilled(in: self.database).isEmpty else { return JobStep(amount: 0, state: .waits) }
        guard let month = try self.month() else { return try self.rest.step(limit: limit) }
        return JobStep(amount: try self.remove(month), state: .more)
    }

    /// The first month that is past as a whole and has a partition.
    private func month() throws(DatabaseError) -> UsageMonth? {
        var first: UsageMonth?
        for table: StaticString in ["requests", "attempts"] {
            let statement = try self.database.statement(
                """
                SELECT CAST(relname AS TEXT) FROM pg_catalog.pg_class
                WHERE oid IN (SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = to_regclass($1))
                """)
            defer { statement.reset() }
            try statement.bind(1, text: "\(table)")
            let name = Array("\(table)".utf8)
            while try statement.step() {
                guard let month = UsageMonth(partition: statement.bytes(0), of: name),
                    month.next.milliseconds <= Int64(clamping: self.time)
                else { continue }
                first = min(first ?? month, month)
            }
        }
        return first
    }

    /// Returns how many rows there were, about.
    private func remove(_ month: UsageMonth) throws(DatabaseError) -> Int64 {
        let open: SQL = "rank < 3 AND rank = \(SettleRank.open.rawValue)"
        let (requests, attempts): (SQL, SQL) = ("requests_\(month.suffix)", "attempts_\(month.suffix)")
        return try self.database.transaction { () throws(DatabaseError) in
            try self.database.execute("SET LOCAL lock_timeout = 50")
            // Other hosts make partitions.
            try self.database.execute("SELECT pg_advisory_xact_lock(\(UsageSchema.applicationID), -1)")
            try RollupState.set(keptFrom: UInt64(clamping: month.next.milliseconds), in: self.database)
            var rows: Int64 = 0
            var isThere: [Bool] = []
            for (table, partition) in [("requests", requests), ("attempts", attempts)] as [(SQL, SQL)] {
                let present = try self.database.integer("SELECT 1 WHERE to_regclass('\(partition)') IS NOT NULL") != nil
                isThere.append(present)
                guard present else { continue }
                rows +=
                    try self.database.integer(
                        """
                        SELECT CAST(greatest(reltuples, 0) AS BIGINT) FROM pg_catalog.pg_class
                        WHERE oid = to_regclass('\(partition)')
                        """) ?? 0
                try self.database.execute("ALTER TABLE \(table) DETACH PARTITION \(partition)")
            }
            if isThere[0] {
                try self.database.execute("INSERT INTO requests SELECT * FROM \(requests) WHERE \(open)")
                if isThere[1] {
                    try self.database.execute(
                        """
                        INSERT INTO attempts SELECT a.* FROM \(attempts) a
                        WHERE a.record IN (SELECT record FROM \(requests) WHERE \(open))
                        """)
                }
                try self.database.execute("DROP TABLE \(requests)")
            }
            if isThere[1] { try self.database.execute("DROP TABLE \(attempts)") }
            return rows
        }
    }
}
