import Database
import Domain

/// Requests on their way into PostgreSQL: what COPY brings to a temporary table, and the statement that merges it.
///
/// Merging means what it means for the file (`RequestTable`): what was said first stays, but for a SETTLE of a higher rank.
enum StagedRequests {
    static let table: SQL = """
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_requests (
            record BYTEA, rank BIGINT, principal BIGINT, endpoint BIGINT, body_bytes BIGINT, fingerprint BIGINT,
            trace_id BYTEA, label BYTEA, tags BYTEA, zone BIGINT,
            route BIGINT, status BIGINT, outcome BIGINT, usage_source BIGINT, input BIGINT, cache_read BIGINT,
            output BIGINT, reasoning BIGINT, cost BIGINT, error BIGINT, first_byte BIGINT, total BIGINT, detail BYTEA,
            attempt BIGINT, attempt_detail BYTEA) ON COMMIT DELETE ROWS
        """
    private static let columns: [SQL] = [
        "record", "rank", "principal", "endpoint", "body_bytes", "fingerprint", "trace_id", "label", "tags", "zone",
        "route",
        "status",
        "outcome", "usage_source", "input", "cache_read", "output", "reasoning", "cost", "error", "first_byte", "total",
        "detail", "attempt", "attempt_detail",
    ]
    private static let ofBegin: [SQL] = [
        "principal", "endpoint", "body_bytes", "fingerprint", "trace_id", "label", "tags", "zone",
    ]
    private static let ofSettle: [SQL] = [
        "rank", "route", "status", "outcome", "usage_source", "input", "cache_read", "output", "reasoning", "cost",
        "error",
        "first_byte", "total", "detail",
    ]

    private static let target: SQL = "staged_requests (\(SQL.joined(columns)))"

    /// The rows that are there already, as far as sums need them. OFFSET 0 keeps the planner, which knows nothing of a temporary table, from
    /// reading all of `requests`.
    static let find: SQL = """
        SELECT \(SQL.joined(PendingRequest.countedColumns.map { "r.\($0)" })) FROM staged_requests s, LATERAL (
            SELECT * FROM requests q WHERE q.record = s.record OFFSET 0) r
        """

    /// A call that a row has in itself came with the row: rows that were there keep what they have.
    static let merge: SQL = """
        INSERT INTO requests AS r (\(SQL.joined(columns))) SELECT \(SQL.joined(columns)) FROM staged_requests
        ON CONFLICT (record) DO UPDATE SET
            \(SQL.joined(ofBegin.map { "\($0) = CASE WHEN r.principal IS NULL THEN excluded.\($0) ELSE r.\($0) END" })),
            \(SQL.joined(ofSettle.map { "\($0) = CASE WHEN excluded.rank > r.rank THEN excluded.\($0) ELSE r.\($0) END" }))
        WHERE (r.principal IS NULL AND excluded.principal IS NOT NULL) OR excluded.rank > r.rank
        """

    /// Brings all requests of a batch to the temporary table.
    static func copy(
        _ batch: PendingBatch, to database: PostgresConnection, _ scratch: RowScratch
    ) throws(DatabaseError) {
        try database.copy(into: self.target, columns: self.columns.count) { (rows) throws(DatabaseError) in
            for place in batch.requestOrder { try self.add(batch.requests[place], batch, scratch, to: rows) }
        }
    }

    /// Brings there how requests were settled, and nothing else of them.
    static func copy(
        _ settled: [PendingRequest], to database: PostgresConnection, _ scratch: RowScratch
    ) throws(DatabaseError) {
        try database.copy(into: self.target, columns: self.columns.count) { (rows) throws(DatabaseError) in
            for request in settled { try self.add(request, nil, scratch, to: rows) }
        }
    }

    /// `batch` has the texts, trail and call of the request.
    private static func add(
        _ request: PendingRequest, _ batch: PendingBatch?, _ scratch: RowScratch, to rows: PostgresCopy
    ) throws(DatabaseError) {
        func add(_ value: Int64?) throws(DatabaseError) { try rows.integer(value) }
        try rows.beginRow()
        try rows.bytes(request.record.bytes)
        try add(Int64(request.rank.rawValue))
        if request.hasBegin {
            let texts = request.extras < 0 ? nil : batch?.extras[request.extras]
            try add(request.principal)
            try add(Int64(request.endpoint))
            try add(Int64(clamping: request.bodyBytes))
            try add(Int64(bitPattern: request.fingerprint))
            try rows.bytes(texts?.traceID.nonEmpty)
            try rows.bytes(texts?.label.nonEmpty)
            try rows.bytes(texts?.tags.nonEmpty)
            try add(Int64(request.zone))
        } else {
            for _ in self.ofBegin { try rows.null() }
        }
        guard request.rank > .open else {
            // Its rank is there already; so has it no call in its row.
            for _ in 0..<self.ofSettle.count - 1 + 2 { try rows.null() }
            return
        }
        try add(request.route)
        try add(Int64(request.status))
        try add(Int64(request.outcome.rawValue))
        try add(Int64(request.usageSource.rawValue))
        try add(request.usage.input)
        try add(request.usage.cacheRead)
        try add(request.usage.output)
        try add(request.usage.reasoning)
        try add(request.cost)
        try add(request.error == 0 ? nil : request.error)
        try add(Int64(clamping: request.firstByte))
        try add(Int64(clamping: request.total))
        scratch.start(row: 0, request.record)
        request.pack(into: scratch, request.trail < 0 ? [] : batch?.trails[request.trail] ?? [])
        try rows.bytes(scratch.detailBytes)
        guard request.attempt >= 0, let batch else {
            for _ in 0..<2 { try rows.null() }
            return
        }
        try add(request.attempt)
        scratch.startSecond()
        batch.attempts[request.attemptPlace].pack(into: scratch)
        try rows.bytes(scratch.detailBytes)
    }
}
