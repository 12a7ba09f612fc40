import Database
import Domain

/// Writes rows of `attempts`. ATTEMPT and ATTEMPT_END may come in either order, in one batch or in two, once or twice: the row
/// becomes the same. A call that lies in its request's row already gets none.
final class AttemptTable {
    private let begin: SQLiteStatement
    private let end: SQLiteStatement
    private let scratch = RowScratch(rows: 1)

    init(_ database: SQLiteDatabase) throws(DatabaseError) {
        let unlessInline: SQL = """
            WHERE $2 > 1 OR NOT EXISTS (SELECT 1 FROM requests WHERE record = $1 AND attempt IS NOT NULL)
            """
        self.begin = try database.prepare(
            """
            INSERT INTO attempts (record, number, owner, target, started) SELECT $1, $2, $3, $4, $5 \(unlessInline)
            ON CONFLICT (record, number) DO UPDATE SET target = excluded.target, started = excluded.started
            WHERE attempts.target IS NULL
            """)
        self.end = try database.prepare(
            """
            INSERT INTO attempts (record, number, owner, status, billed, cost, error, detail)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8 \(unlessInline)
            ON CONFLICT (record, number) DO UPDATE SET status = excluded.status, billed = excluded.billed,
                cost = excluded.cost, error = excluded.error, detail = excluded.detail
            WHERE attempts.status IS NULL
            """)
    }

    /// Writes what a batch knows of its calls, in the given order. Must be inside a transaction.
    func write(_ attempts: [PendingAttempt], order: [Int]) throws(DatabaseError) {
        for place in order { try self.write(attempts[place]) }
    }

    private func write(_ attempt: PendingAttempt) throws(DatabaseError) {
        self.scratch.start(row: 0, attempt.record)
        if attempt.hasBegin {
            unsafe try self.begin.lend(1, blob: self.scratch.key)
            try self.begin.bind(2, Int64(attempt.number))
            try self.begin.bind(3, Int64(attempt.owner))
            try self.begin.bind(4, attempt.target)
            // From the record's own milliseconds, so that it takes one or two bytes; a clock that was set back makes it negative.
            try self.begin.bind(
                5, Int64(clamping: attempt.startedAt) &- Int64(clamping: attempt.record.milliseconds))
            try self.begin.run()
        }
        if attempt.hasEnd {
            unsafe try self.end.lend(1, blob: self.scratch.key)
            try self.end.bind(2, Int64(attempt.number))
            try self.end.bind(3, Int64(attempt.owner))
            try self.end.bind(4, Int64(attempt.status))
            try self.end.bind(5, Int64(attempt.billed.rawValue))
            try self.end.bind(6, attempt.cost)
            try self.end.bind(7, attempt.error == 0 ? nil : attempt.error)
            attempt.pack(into: self.scratch)
            unsafe try self.end.lend(8, blob: self.scratch.detail)
            try self.end.run()
        }
    }
}

extension PendingAttempt {
    /// What `AttemptDetail` reads.
    @inline(__always)
    func pack(into scratch: RowScratch) {
        scratch.append(UInt64(self.usageSource.rawValue))
        scratch.append(UInt64(self.finish.rawValue))
        scratch.append(self.replyBytes)
        scratch.append(self.connected)
        scratch.append(self.firstContent)
        scratch.append(self.total)
        scratch.append(self.usage, isRare: false)
        scratch.append(self.service, self.units)
    }
}
