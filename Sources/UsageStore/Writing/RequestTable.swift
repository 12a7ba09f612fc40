import Database
import Domain

/// Writes rows of `requests`: what was said first stays, but for a SETTLE of a higher rank.
///
/// Whatever order BEGIN and SETTLEs come in, in one batch or in several, once or twice: the row becomes the same. The usual
/// case, all that is known of a request at once, is written several rows a statement, which costs half as much.
final class RequestTable {
    private static let columns = 22
    /// All that is known of as many requests as a statement takes; rows that are there already are left alone.
    private let many: SQLiteStatement
    private let begin: SQLiteStatement
    private let settle: SQLiteStatement
    private let database: SQLiteDatabase
    private let manyScratch = RowScratch(rows: RowBatch.size)
    private let scratch = RowScratch(rows: 1)
    /// Which rows of `many` have texts bound that the next one in their place must not inherit.
    private var haveTexts = [Bool](repeating: false, count: RowBatch.size)

    init(_ database: SQLiteDatabase) throws(DatabaseError) {
        self.database = database
        self.many = try database.prepare(
            """
            INSERT OR IGNORE INTO requests (record, rank, route, status, outcome, usage_source, input, cache_read, output,
                reasoning, cost, error, first_byte, total, detail, principal, endpoint, body_bytes, fingerprint,
                trace_id, label, tags)
            VALUES \(RowBatch.values(columns: Self.columns))
            """)
        self.begin = try database.prepare(
            """
            INSERT INTO requests (record, rank, principal, endpoint, body_bytes, fingerprint, trace_id, label, tags)
            VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (record) DO UPDATE SET principal = excluded.principal, endpoint = excluded.endpoint,
                body_bytes = excluded.body_bytes, fingerprint = excluded.fingerprint, trace_id = excluded.trace_id,
                label = excluded.label, tags = excluded.tags
            WHERE requests.principal IS NULL
            """)
        self.settle = try database.prepare(
            """
            INSERT INTO requests (record, rank, route, status, outcome, usage_source, input, cache_read, output, reasoning,
                cost, error, first_byte, total, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (record) DO UPDATE SET rank = excluded.rank, route = excluded.route, status = excluded.status,
                outcome = excluded.outcome, usage_source = excluded.usage_source, input = excluded.input,
                cache_read = excluded.cache_read, output = excluded.output, reasoning = excluded.reasoning,
                cost = excluded.cost, error = excluded.error, first_byte = excluded.first_byte, total = excluded.total,
                detail = excluded.detail
            WHERE excluded.rank > requests.rank
            """)
    }

    /// Writes what a batch knows of its requests, which are ordered by `order`. Must be inside a transaction.
    func write(
        _ requests: [PendingRequest], order: [Int], _ extras: [PendingRequest.Extras]
    ) throws(DatabaseError) {
        var places: [Int] = []
        places.reserveCapacity(RowBatch.size)
        for place in order {
            let request = requests[place]
            guard request.hasBegin, request.rank > .open else {
                try self.write(request, request.extras < 0 ? nil : extras[request.extras])
                continue
            }
            let row = places.count
            let first = row * Self.columns
            try self.bindSettle(self.many, self.manyScratch, row: row, first, request)
            try self.bindBegin(self.many, first + 16, request)
            if request.extras >= 0 || self.haveTexts[row] {
                self.haveTexts[row] = request.extras >= 0
                try self.bindTexts(self.many, first + 20, request.extras < 0 ? nil : extras[request.extras])
            }
            places.append(place)
            guard places.count == RowBatch.size else { continue }
            try self.many.run()
            // Some were there already: then each by itself, which changes nothing of the new ones.
            if self.database.changes != Int64(RowBatch.size) {
                try self.writeSingly(requests, places, extras)
            }
            places.removeAll(keepingCapacity: true)
        }
        try self.writeSingly(requests, places, extras)
    }

    private func writeSingly(
        _ requests: [PendingRequest], _ places: [Int], _ extras: [PendingRequest.Extras]
    ) throws(DatabaseError) {
        for place in places {
            let request = requests[place]
            try self.write(request, request.extras < 0 ? nil : extras[request.extras])
        }
    }

    /// Writes what is known of one request. Must be inside a transaction.
    func write(_ request: PendingRequest, _ extras: PendingRequest.Extras?) throws(DatabaseError) {
        if request.hasBegin {
            self.scratch.start(row: 0, request.record)
            unsafe try self.begin.lend(1, blob: self.scratch.key)
            try self.bindBegin(self.begin, 2, request)
            try self.bindTexts(self.begin, 6, extras)
            try self.begin.run()
        }
        if request.rank > .open {
            try self.bindSettle(self.settle, self.scratch, row: 0, 0, request)
            try self.settle.run()
        }
    }

    /// Says anew how a recovered request ended; false when it is not a recovered one (any more).
    func update(recovered request: PendingRequest) throws(DatabaseError) -> Bool {
        let lower = try self.database.statement("UPDATE requests SET rank = 0 WHERE record = $1 AND rank = 1")
        try lower.bind(1, blob: request.record.bytes)
        try lower.run()
        guard self.database.changes > 0 else { return false }
        try self.bindSettle(self.settle, self.scratch, row: 0, 0, request)
        try self.settle.run()
        return true
    }

    @inline(__always)
    private func bindBegin(_ statement: SQLiteStatement, _ first: Int, _ request: PendingRequest) throws(DatabaseError)
    {
        try statement.bind(first, request.principal)
        try statement.bind(first + 1, Int64(request.endpoint))
        try statement.bind(first + 2, Int64(clamping: request.bodyBytes))
        try statement.bind(first + 3, Int64(bitPattern: request.fingerprint))
    }

    private func bindTexts(
        _ statement: SQLiteStatement, _ first: Int, _ extras: PendingRequest.Extras?
    ) throws(DatabaseError) {
        try statement.bind(first, blob: extras.flatMap { $0.traceID.isEmpty ? nil : $0.traceID })
        try statement.bind(first + 1, text: extras.flatMap { $0.label.isEmpty ? nil : $0.label })
        try statement.bind(first + 2, text: extras.flatMap { $0.tags.isEmpty ? nil : $0.tags })
    }

    /// `first` is the number of the parameter before the row's first one.
    @inline(__always)
    private func bindSettle(
        _ statement: SQLiteStatement, _ scratch: RowScratch, row: Int, _ first: Int, _ request: PendingRequest
    ) throws(DatabaseError) {
        scratch.start(row: row, request.record)
        unsafe try statement.lend(first + 1, blob: scratch.key)
        try statement.bind(first + 2, Int64(request.rank.rawValue))
        try statement.bind(first + 3, request.route)
        try statement.bind(first + 4, Int64(request.status))
        try statement.bind(first + 5, Int64(request.outcome.rawValue))
        try statement.bind(first + 6, Int64(request.usageSource.rawValue))
        try statement.bind(first + 7, request.usage.input)
        try statement.bind(first + 8, request.usage.cacheRead)
        try statement.bind(first + 9, request.usage.output)
        try statement.bind(first + 10, request.usage.reasoning)
        try statement.bind(first + 11, request.cost)
        try statement.bind(first + 12, request.error == 0 ? nil : request.error)
        try statement.bind(first + 13, Int64(clamping: request.firstByte))
        try statement.bind(first + 14, Int64(clamping: request.total))
        scratch.append(UInt64(request.finish.rawValue))
        scratch.append(request.isStream ? 1 : 0)
        scratch.append(UInt64(request.attempts))
        scratch.append(request.replyBytes)
        scratch.append(request.received)
        scratch.append(request.dispatched)
        scratch.append(request.usage, isRare: true)
        unsafe try statement.lend(first + 15, blob: scratch.detail)
    }
}
