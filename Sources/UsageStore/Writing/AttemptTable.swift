import Database
import Domain

/// Writes rows of `attempts`. ATTEMPT and ATTEMPT_END may come in either order, in one batch or in two, once or twice: the row
/// becomes the same.
final class AttemptTable {
    private static let columns = 10
    /// All that is known of as many calls as a statement takes; rows that are there already are left alone.
    private let many: SQLiteStatement
    private let begin: SQLiteStatement
    private let end: SQLiteStatement
    private let database: SQLiteDatabase
    private let manyScratch = RowScratch(rows: RowBatch.size)
    private let scratch = RowScratch(rows: 1)

    init(_ database: SQLiteDatabase) throws(DatabaseError) {
        self.database = database
        self.many = try database.prepare(
            """
            INSERT OR IGNORE INTO attempts (record, number, owner, status, billed, cost, error, detail, target, started)
            VALUES \(RowBatch.values(columns: Self.columns))
            """)
        self.begin = try database.prepare(
            """
            INSERT INTO attempts (record, number, owner, target, started) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (record, number) DO UPDATE SET target = excluded.target, started = excluded.started
            WHERE attempts.target IS NULL
            """)
        self.end = try database.prepare(
            """
            INSERT INTO attempts (record, number, owner, status, billed, cost, error, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (record, number) DO UPDATE SET status = excluded.status, billed = excluded.billed,
                cost = excluded.cost, error = excluded.error, detail = excluded.detail
            WHERE attempts.status IS NULL
            """)
    }

    /// Writes what a batch knows of its calls, which are ordered by `order`. Must be inside a transaction.
    func write(_ attempts: [PendingAttempt], order: [Int]) throws(DatabaseError) {
        var places: [Int] = []
        places.reserveCapacity(RowBatch.size)
        for place in order {
            let attempt = attempts[place]
            guard attempt.hasBegin, attempt.hasEnd else {
                try self.write(attempt)
                continue
            }
            let first = places.count * Self.columns
            try self.bindEnd(self.many, self.manyScratch, row: places.count, first, attempt)
            try self.bindBegin(self.many, first + 9, attempt)
            places.append(place)
            guard places.count == RowBatch.size else { continue }
            try self.many.run()
            // Some were there already: then each by itself, which changes nothing of the new ones.
            if self.database.changes != Int64(RowBatch.size) {
                for place in places { try self.write(attempts[place]) }
            }
            places.removeAll(keepingCapacity: true)
        }
        for place in places { try self.write(attempts[place]) }
    }

    private func write(_ attempt: PendingAttempt) throws(DatabaseError) {
        if attempt.hasBegin {
            self.scratch.start(row: 0, attempt.record)
            unsafe try self.begin.lend(1, blob: self.scratch.key)
            try self.begin.bind(2, Int64(attempt.number))
            try self.begin.bind(3, Int64(attempt.owner))
            try self.bindBegin(self.begin, 4, attempt)
            try self.begin.run()
        }
        if attempt.hasEnd {
            try self.bindEnd(self.end, self.scratch, row: 0, 0, attempt)
            try self.end.run()
        }
    }

    /// `started` counts from the record's own milliseconds, so that it takes one or two bytes; a clock that was set back makes
    /// it negative.
    @inline(__always)
    private func bindBegin(_ statement: SQLiteStatement, _ first: Int, _ attempt: PendingAttempt) throws(DatabaseError)
    {
        try statement.bind(first, attempt.target)
        try statement.bind(
            first + 1, Int64(clamping: attempt.startedAt) &- Int64(clamping: attempt.record.milliseconds))
    }

    /// `first` is the number of the parameter before the row's first one.
    @inline(__always)
    private func bindEnd(
        _ statement: SQLiteStatement, _ scratch: RowScratch, row: Int, _ first: Int, _ attempt: PendingAttempt
    ) throws(DatabaseError) {
        scratch.start(row: row, attempt.record)
        unsafe try statement.lend(first + 1, blob: scratch.key)
        try statement.bind(first + 2, Int64(attempt.number))
        try statement.bind(first + 3, Int64(attempt.owner))
        try statement.bind(first + 4, Int64(attempt.status))
        try statement.bind(first + 5, Int64(attempt.billed.rawValue))
        try statement.bind(first + 6, attempt.cost)
        try statement.bind(first + 7, attempt.error == 0 ? nil : attempt.error)
        scratch.append(UInt64(attempt.usageSource.rawValue))
        scratch.append(UInt64(attempt.finish.rawValue))
        scratch.append(attempt.replyBytes)
        scratch.append(attempt.connected)
        scratch.append(attempt.firstContent)
        scratch.append(attempt.total)
        scratch.append(attempt.usage, isRare: false)
        unsafe try statement.lend(first + 8, blob: scratch.detail)
    }
}
