import Database
import Domain

/// Writes rows of `requests`: what was said first stays, but for a SETTLE of a higher rank.
///
/// Whatever order BEGIN and SETTLEs come in, in one batch or in several, once or twice: the row becomes the same. The usual
/// case, all that is known of a request at once, its one call included, is written several rows a statement.
final class RequestTable {
    private let many: RequestInsert
    private let one: RequestInsert
    private let begin: SQLiteStatement
    private let settle: SQLiteStatement
    private let find: SQLiteStatement
    private let lower: SQLiteStatement
    /// What is written counts there.
    private let gather: RollupGather
    private let scratch = RowScratch(rows: 1, trail: DecisionTrail.maximumSize)

    init(_ database: SQLiteDatabase, _ gather: RollupGather) throws(DatabaseError) {
        self.gather = gather
        self.find = try database.prepare(
            "SELECT \(SQL.joined(PendingRequest.countedColumns)) FROM requests WHERE record = $1")
        self.lower = try database.prepare("UPDATE requests SET rank = 0 WHERE record = $1")
        self.many = try RequestInsert(rows: RowBatch.size, database)
        self.one = try RequestInsert(rows: 1, database)
        self.begin = try database.prepare(
            """
            INSERT INTO requests (record, rank, principal, endpoint, body_bytes, fingerprint, trace_id, label, tags, zone)
            VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (record) DO UPDATE SET principal = excluded.principal, endpoint = excluded.endpoint,
                body_bytes = excluded.body_bytes, fingerprint = excluded.fingerprint, trace_id = excluded.trace_id,
                label = excluded.label, tags = excluded.tags, zone = excluded.zone
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

    /// Writes what a batch knows of its requests, in the given order. Must be inside a transaction.
    ///
    /// Returns the places of calls that may not have gone into their requests' rows: the rows were there already.
    func write(
        _ requests: [PendingRequest], order: [Int], _ extras: [PendingRequest.Extras], _ trails: [[UInt8]],
        _ attempts: [PendingAttempt]
    ) throws(DatabaseError) -> [Int] {
        var alone: [Int] = []
        var places: [Int] = []
        places.reserveCapacity(RowBatch.size)
        func upsert(_ place: Int) throws(DatabaseError) {
            let request = requests[place]
            try self.upsert(
                request, request.extras < 0 ? nil : extras[request.extras],
                trail: request.trail < 0 ? [] : trails[request.trail])
            if request.attemptPlace >= 0 { alone.append(request.attemptPlace) }
        }
        func insert(_ place: Int) throws(DatabaseError) {
            try self.one.bind(row: 0, requests[place], extras, trails, attempts)
            if try self.one.run() == 1 { try self.gather.add(requests[place]) } else { try upsert(place) }
        }
        for place in order {
            let trail = requests[place].trail
            guard requests[place].hasBegin, requests[place].rank > .open,
                trail < 0 || trails[trail].count <= RowBatch.maximumTrail
            else {
                try upsert(place)
                continue
            }
            places.append(place)
            guard places.count == RowBatch.size else { continue }
            for (row, place) in places.enumerated() {
                try self.many.bind(row: row, requests[place], extras, trails, attempts)
            }
            // Behind one that was there already, each goes by itself.
            let count = try self.many.run()
            for place in places.prefix(count) { try self.gather.add(requests[place]) }
            for place in places.dropFirst(count) { try insert(place) }
            places.removeAll(keepingCapacity: true)
        }
        for place in places { try insert(place) }
        return alone
    }

    /// Writes what is known of one request, but no call. Must be inside a transaction.
    func upsert(
        _ request: PendingRequest, _ extras: PendingRequest.Extras?, trail: [UInt8] = []
    ) throws(DatabaseError) {
        self.scratch.start(row: 0, request.record)
        if let old = try self.row(request.record) {
            try self.gather.replace(old, by: old.merged(with: request))
        } else {
            try self.gather.add(request)
        }
        if request.hasBegin {
            unsafe try self.begin.lend(1, blob: self.scratch.key)
            try self.begin.bind(2, request.principal)
            try self.begin.bind(3, Int64(request.endpoint))
            try self.begin.bind(4, Int64(clamping: request.bodyBytes))
            try self.begin.bind(5, Int64(bitPattern: request.fingerprint))
            try self.begin.bind(6, blob: extras?.traceID.nonEmpty)
            try self.begin.bind(7, text: extras?.label.nonEmpty)
            try self.begin.bind(8, text: extras?.tags.nonEmpty)
            try self.begin.bind(9, Int64(request.zone))
            try self.begin.run()
        }
        if request.rank > .open { try self.runSettle(request, trail) }
    }

    /// Says anew how a recovered request ended; false when it is not a recovered one (any more).
    func update(recovered request: PendingRequest) throws(DatabaseError) -> Bool {
        guard let old = try self.row(request.record), old.rank == .recovery else { return false }
        try self.lower.bind(1, blob: request.record.bytes)
        try self.lower.run()
        var open = old
        open.rank = .open
        try self.gather.replace(old, by: open.merged(with: request))
        self.scratch.start(row: 0, request.record)
        try self.runSettle(request, [])
        return true
    }

    /// As it is now; nil where there is none.
    private func row(_ record: RecordID) throws(DatabaseError) -> PendingRequest? {
        try self.find.bind(1, blob: record.bytes)
        guard try self.find.step() else { return nil }
        defer { self.find.reset() }
        return PendingRequest(counted: self.find)
    }

    /// The row's key must be in the scratch memory.
    private func runSettle(_ request: PendingRequest, _ trail: [UInt8]) throws(DatabaseError) {
        unsafe try self.settle.lend(1, blob: self.scratch.key)
        let numbers: [Int64?] = [
            Int64(request.rank.rawValue), request.route, Int64(request.status), Int64(request.outcome.rawValue),
            Int64(request.usageSource.rawValue), request.usage.input, request.usage.cacheRead, request.usage.output,
            request.usage.reasoning, request.cost, request.error == 0 ? nil : request.error,
            Int64(clamping: request.firstByte), Int64(clamping: request.total),
        ]
        for (index, number) in numbers.enumerated() { try self.settle.bind(index + 2, number) }
        request.pack(into: self.scratch, trail)
        unsafe try self.settle.lend(15, blob: self.scratch.detail)
        try self.settle.run()
    }
}

extension PendingRequest {
    /// What `RequestDetail` reads.
    @inline(__always)
    func pack(into scratch: RowScratch, _ trail: [UInt8]) {
        scratch.append(UInt64(self.finish.rawValue))
        scratch.append(
            (self.isStream ? 1 : 0) | (self.isCacheHit ? 2 : 0) | UInt64(self.fault.map { $0.rawValue &+ 1 } ?? 0) << 2)
        scratch.append(UInt64(self.attempts))
        scratch.append(self.replyBytes)
        scratch.append(self.received)
        scratch.append(self.dispatched)
        scratch.append(self.usage, isRare: true, isLast: trail.isEmpty)
        if !trail.isEmpty { scratch.append(trail) }
    }
}

extension [UInt8] {
    /// Nil for no bytes.
    var nonEmpty: [UInt8]? { self.isEmpty ? nil : self }
}
