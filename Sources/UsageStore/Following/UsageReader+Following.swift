import Database
import Domain

/// What has happened since the last look.
extension UsageReader {
    /// What `follower` has not been told of yet, at most `limit` events and one more, by their times as far as that is known; empty where
    /// there is nothing. `now` is in milliseconds since 1970. Nothing is kept but in `follower`: who asks seldom is told later.
    public func follow(
        _ follower: inout RequestFollower, now: UInt64, limit: Int, isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> [RequestEvent] {
        var events: [RequestEvent] = []
        do throws(DatabaseError) {
            if !follower.isPrimed { events = try self.prime(&follower, now: now) }
            try self.findEnds(&follower, now: now, limit: limit, &events)
            if now &- follower.lookedForLate >= RequestFollower.latePause, events.count < limit {
                follower.lookedForLate = now
                try self.findLate(&follower, limit: limit, &events)
            }
            while events.count < limit, try self.findNew(&follower, limit: limit, &events), !isOverdue() {}
        } catch {
            throw .database(error)
        }
        follower.forget(now: now)
        return events.sorted { $0.time < $1.time }
    }

    // MARK: The beginning

    private func prime(_ follower: inout RequestFollower, now: UInt64) throws(DatabaseError) -> [RequestEvent] {
        var watermark = follower.watermark
        if follower.start == .now {
            let newest = try self.records("SELECT record FROM requests ORDER BY record DESC LIMIT 1").first
            watermark = min(newest ?? watermark, RecordID.first(atMilliseconds: now &+ 1))
        }
        var from = RequestFollower.first(watermark: watermark, now: now)
        let statement = try self.database.statement(
            """
            SELECT record FROM requests WHERE record >= $1 AND record <= $2 ORDER BY record DESC LIMIT $3
            """)
        try statement.bind(1, blob: from.bytes)
        try statement.bind(2, blob: watermark.bytes)
        try statement.bind(3, Int64(RequestFollower.maximumSeen))
        let seen = Array(try Self.records(statement).reversed())
        if seen.count == RequestFollower.maximumSeen { from = seen[0] }
        follower.prime(watermark, seen: seen, from: from, open: try self.openRecords(now: now))
        follower.lookedForLate = now
        guard case .after(_, let endedSince) = follower.start else { return [] }
        var events: [RequestEvent] = []
        for record in seen {
            guard let row = try self.request(record), row.rank != .open, Self.isMeant(row, follower) else { continue }
            let event = RequestEvent(endOf: row)
            if event.time >= endedSince { events.append(event) }
        }
        return events
    }

    // MARK: Looks

    /// What was open and is over; and what came late and is open.
    private func findEnds(
        _ follower: inout RequestFollower, now: UInt64, limit: Int, _ events: inout [RequestEvent]
    ) throws(DatabaseError) {
        let open = try self.openRecords(now: now)
        for record in open where record <= follower.watermark && follower.open[record] == nil {
            guard events.count < limit else { return }
            if record >= follower.seenFrom, follower.hasSeen(record) { continue }
            guard follower.open.count < RequestFollower.maximumOpen, let row = try self.request(record) else {
                continue
            }
            Self.tell(of: row, &follower, &events)
        }
        let running = Set(open)
        for record in follower.open.keys.filter({ !running.contains($0) }).sorted() {
            guard events.count < limit else { return }
            guard follower.open[record] == true else {
                follower.close(record)
                continue
            }
            let row = try self.request(record)
            // One that has run for longer than it was looked for.
            if let row, row.rank == .open { continue }
            follower.close(record)
            if let row, Self.isMeant(row, follower) { events.append(RequestEvent(endOf: row)) }
        }
    }

    /// What came late and is over.
    private func findLate(
        _ follower: inout RequestFollower, limit: Int, _ events: inout [RequestEvent]
    ) throws(DatabaseError) {
        let statement = try self.database.statement(
            "SELECT record FROM requests WHERE record >= $1 AND record <= $2 ORDER BY record LIMIT $3")
        try statement.bind(1, blob: follower.seenFrom.bytes)
        try statement.bind(2, blob: follower.watermark.bytes)
        try statement.bind(3, Int64(2 * RequestFollower.maximumSeen))
        for record in try Self.records(statement) where !follower.hasSeen(record) {
            guard events.count < limit else { return }
            if let row = try self.request(record) { Self.tell(of: row, &follower, &events) }
        }
    }

    /// What came behind the last. False where there is no more now.
    private func findNew(
        _ follower: inout RequestFollower, limit: Int, _ events: inout [RequestEvent]
    ) throws(DatabaseError) -> Bool {
        let size = Int64(max(1, limit - events.count))
        let statement = try self.database.statement("\(Self.selectRequest) WHERE record > $1 ORDER BY record LIMIT $2")
        defer { statement.reset() }
        try statement.bind(1, blob: follower.watermark.bytes)
        try statement.bind(2, size)
        var rows: Int64 = 0
        while events.count < limit, try statement.step() {
            rows += 1
            if let row = try self.row(statement) { Self.tell(of: row, &follower, &events) }
        }
        return rows == size
    }

    // MARK: -

    private static func tell(
        of row: RequestRow, _ follower: inout RequestFollower, _ events: inout [RequestEvent]
    ) {
        let isMeant = Self.isMeant(row, follower)
        follower.see(row.record, isOpen: row.rank == .open, isMeant: isMeant)
        guard isMeant else { return }
        events.append(RequestEvent(.start, row))
        if row.rank != .open { events.append(RequestEvent(endOf: row)) }
    }

    private static func isMeant(_ row: RequestRow, _ follower: RequestFollower) -> Bool {
        follower.organization == nil || row.principal?.organization == follower.organization
    }

    private func openRecords(now: UInt64) throws(DatabaseError) -> [RecordID] {
        let from = now > RequestFollower.longest ? now - RequestFollower.longest : 0
        return try self.openRecords(
            from: RecordID.first(atMilliseconds: from), limit: 2 * RequestFollower.maximumOpen)
    }

    /// Requests from a record on that nobody has said the end of, the oldest first.
    func openRecords(from record: RecordID, limit: Int) throws(DatabaseError) -> [RecordID] {
        // The first condition is that of the index.
        let statement = try self.database.statement(
            "SELECT record FROM requests WHERE rank < 3 AND rank = 0 AND record >= $1 ORDER BY record LIMIT $2")
        try statement.bind(1, blob: record.bytes)
        try statement.bind(2, Int64(limit))
        return try Self.records(statement)
    }

    private func records(_ sql: SQL) throws(DatabaseError) -> [RecordID] {
        try Self.records(try self.database.statement(sql))
    }

    private static func records(_ statement: any DatabaseStatement) throws(DatabaseError) -> [RecordID] {
        defer { statement.reset() }
        var records: [RecordID] = []
        while try statement.step() {
            if let record = RecordID(bytes: statement.bytes(0)) { records.append(record) }
        }
        return records
    }

    func request(_ record: RecordID) throws(DatabaseError) -> RequestRow? {
        let statement = try self.database.statement("\(Self.selectRequest) WHERE record = $1")
        defer { statement.reset() }
        try statement.bind(1, blob: record.bytes)
        return try statement.step() ? try self.row(statement) : nil
    }
}
