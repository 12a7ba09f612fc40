import Database
import Domain

/// Provider calls on their way into PostgreSQL, as `StagedRequests`. Merging means what `AttemptTable` means for the file.
enum StagedAttempts {
    static let table: SQL = """
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_attempts (
            record BYTEA, number BIGINT, owner BIGINT, target BIGINT, started BIGINT, status BIGINT, billed BIGINT,
            cost BIGINT, error BIGINT, detail BYTEA) ON COMMIT DELETE ROWS
        """
    private static let columns: [SQL] = [
        "record", "number", "owner", "target", "started", "status", "billed", "cost", "error", "detail",
    ]
    private static let ofBegin: [SQL] = ["target", "started"]
    private static let ofEnd: [SQL] = ["status", "billed", "cost", "error", "detail"]

    private static let target: SQL = "staged_attempts (\(SQL.joined(columns)))"

    /// To be run after the requests were merged: a call that lies in its request's row gets none of its own. Gives the recovered requests that
    /// another call was heard of. OFFSET 0 keeps the planner, which knows nothing of a temporary table, from reading all of `requests`.
    static let merge: SQL = """
        WITH written AS (
            INSERT INTO attempts AS a (\(SQL.joined(columns))) 
            SELECT \(SQL.joined(columns.map { "s.\($0)" }))
            FROM staged_attempts s LEFT JOIN LATERAL (
                SELECT r.attempt FROM requests r WHERE r.record = s.record OFFSET 0) q ON s.number = 1
            WHERE q.attempt IS NULL
            ON CONFLICT (record, number) DO UPDATE SET
                \(SQL.joined(ofBegin.map { "\($0) = CASE WHEN a.target IS NULL THEN excluded.\($0) ELSE a.\($0) END" })),
                \(SQL.joined(ofEnd.map { "\($0) = CASE WHEN a.status IS NULL THEN excluded.\($0) ELSE a.\($0) END" }))
            WHERE (a.target IS NULL AND excluded.target IS NOT NULL) OR (a.status IS NULL AND excluded.status IS NOT NULL)
            RETURNING a.record)
        SELECT DISTINCT w.record
        FROM written w, LATERAL (SELECT r.rank FROM requests r WHERE r.record = w.record OFFSET 0) q WHERE q.rank = 1
        """

    /// Brings all calls of a batch to the temporary table. Those that lie in their requests' rows are among them: whether a row was there before
    /// only the database knows.
    static func copy(
        _ batch: PendingBatch, to database: PostgresConnection, _ scratch: RowScratch
    ) throws(DatabaseError) {
        try database.copy(into: self.target, columns: self.columns.count) { (rows) throws(DatabaseError) in
            for attempt in batch.attempts { try self.add(attempt, scratch, to: rows) }
        }
    }

    private static func add(
        _ attempt: PendingAttempt, _ scratch: RowScratch, to rows: PostgresCopy
    ) throws(DatabaseError) {
        try rows.beginRow()
        try rows.bytes(attempt.record.bytes)
        try rows.integer(Int64(attempt.number))
        try rows.integer(Int64(attempt.owner))
        try rows.integer(attempt.hasBegin ? attempt.target : nil)
        // From the record's own milliseconds; a clock that was set back makes it negative.
        let started = Int64(clamping: attempt.startedAt) &- Int64(clamping: attempt.record.milliseconds)
        try rows.integer(attempt.hasBegin ? started : nil)
        guard attempt.hasEnd else {
            try rows.null()
            try rows.integer(Int64(Billed.unknown.rawValue))
            for _ in 0..<3 { try rows.null() }
            return
        }
        try rows.integer(Int64(attempt.status))
        try rows.integer(Int64(attempt.billed.rawValue))
        try rows.integer(attempt.cost)
        try rows.integer(attempt.error == 0 ? nil : attempt.error)
        scratch.start(row: 0, attempt.record)
        attempt.pack(into: scratch)
        try rows.bytes(scratch.detailBytes)
    }
}
