import Database

/// The monthly partitions of `requests` and `attempts` in PostgreSQL.
///
/// The month of a record and the one after it are made before a row of it is written. What cannot be made, because somebody holds the tables, is
/// tried again later; rows go to the partition of the rest meanwhile, where they are found as well, and a month that has rows there stays there.
final class UsagePartitions {
    /// Of one connection's life: no process may have partitions made without end, whatever times it writes.
    private static let most = 64
    /// Batches after a failure until the next attempt.
    private static let pause = 200

    private static let checkViolation = SQLState("23514".utf8)

    private let database: any DatabaseConnection
    private var present: Set<UsageMonth> = []
    private var made = 0
    private var waits = 0

    init(_ database: any DatabaseConnection) {
        self.database = database
    }

    /// Makes what is missing for records of these months. To be called outside of a transaction.
    func provide(_ months: Set<UsageMonth>) throws(DatabaseError) {
        if self.waits > 0 {
            self.waits -= 1
            return
        }
        for month in Set(months.flatMap { [$0, $0.next] }).sorted()
        where UsageMonth.known.contains(month) && !self.present.contains(month) {
            guard self.made < Self.most else { return }
            do throws(DatabaseError) {
                try self.make(month)
            } catch {
                switch error.code {
                // There are rows of it in the partition of the rest.
                case .postgres(let state) where state == Self.checkViolation: break
                case .postgres where error.fault == .contention:
                    self.waits = Self.pause
                    return
                default: throw error
                }
            }
            self.present.insert(month)
        }
    }

    private func make(_ month: UsageMonth) throws(DatabaseError) {
        var isNew = false
        for table: SQL in ["requests", "attempts"] {
            let partition: SQL = "\(table)_\(month.suffix)"
            let isThere: SQL = "SELECT 1 FROM pg_catalog.pg_inherits WHERE inhrelid = to_regclass('\(partition)')"
            guard try self.database.integer(isThere) == nil else { continue }
            try self.database.transaction { () throws(DatabaseError) in
                // Whoever comes behind a lock that is waited for waits too: better later than long.
                try self.database.execute("SET LOCAL lock_timeout = 500")
                // Other hosts make the same one.
                try self.database.execute("SELECT pg_advisory_xact_lock(\(UsageSchema.applicationID), -1)")
                guard try self.database.integer(isThere) == nil else { return }
                // Attached and not made as a part, which would stop all who read or write the table.
                try self.database.execute("CREATE TABLE \(partition) (LIKE \(table) INCLUDING ALL)")
                try self.database.execute(
                    """
                    ALTER TABLE \(table) ATTACH PARTITION \(partition)
                    FOR VALUES FROM (\(Self.bound(month))) TO (\(Self.bound(month.next)))
                    """)
                isNew = true
            }
        }
        if isNew { self.made += 1 }
    }

    /// Before the first record of a month: its milliseconds in 48 bits, and 80 bits of zeros.
    private static func bound(_ month: UsageMonth) -> SQL {
        "decode(lpad(to_hex(CAST(\(month.milliseconds) AS BIGINT)), 12, '0') || '00000000000000000000', 'hex')"
    }
}
