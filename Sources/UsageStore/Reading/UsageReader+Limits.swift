public import Database
public import Domain

/// What limits begin with, and what becomes of the holds of the dead.
extension UsageReader {
    /// Calls `body` for up to `limit` requests behind `record`, in their order. Returns the last of them, to go on from; nil when there
    /// are no more.
    ///
    /// About a microsecond for each.
    public func uses(
        after record: RecordID?, limit: Int, _ body: (RequestUse) -> Void
    ) throws(DatabaseError) -> RecordID? {
        let statement = try self.database.statement(
            """
            SELECT record, principal, route, status, input, cache_read, output, reasoning, cost, total, detail
            FROM requests WHERE record > $1 ORDER BY record LIMIT $2
            """)
        defer { statement.reset() }
        try statement.bind(1, blob: (record ?? RecordID(high: 0, low: 0)).bytes)
        try statement.bind(2, Int64(limit))
        var last: RecordID?
        var count = 0
        while try statement.step() {
            count += 1
            guard let record = RecordID(bytes: statement.bytes(0)) else { continue }
            last = record
            let detail = RequestDetail(statement.bytes(10), withTrail: false)
            var usage = detail.rareUsage
            usage.input = statement.integer(4)
            usage.cacheRead = statement.integer(5)
            usage.output = statement.integer(6)
            usage.reasoning = statement.integer(7)
            let (ended, overflow) = record.milliseconds.addingReportingOverflow(
                UInt64(max(0, statement.integer(9)) / 1000))
            body(
                RequestUse(
                    record: record, principal: statement.optionalInteger(1), route: statement.optionalInteger(2),
                    isRefused: statement.integer(3) == 429 && detail.attempts == 0, tokens: usage.total,
                    cost: max(0, statement.integer(8)), endedAt: overflow ? .max : ended))
        }
        return count < limit ? nil : last
    }

    /// What was ever used; nil while the sums lack what was there before there were any.
    public func totals() throws(DatabaseError) -> TotalScan? {
        try RollupState.unfilled(in: self.database).isEmpty ? TotalScan(self.database) : nil
    }

    /// Who a number in `RequestUse` is.
    public func principal(_ number: Int64) throws(DatabaseError) -> Principal? {
        try self.names.principal(number)
    }

    /// The model that was asked for, of a route by which a provider was chosen; nil for others.
    public func model(ofRoute number: Int64) throws(DatabaseError) -> [UInt8]? {
        let route = try self.names.route(number)
        return route.provider.isEmpty || route.model.isEmpty ? nil : route.model
    }

    /// How a request ended; nil where nothing is known of it.
    public func outcome(of record: RecordID) throws(DatabaseError) -> RequestOutcome? {
        let request = try self.database.statement(
            "SELECT rank, input, cache_read, output, reasoning, cost, detail FROM requests WHERE record = $1")
        defer { request.reset() }
        try request.bind(1, blob: record.bytes)
        var outcome: RequestOutcome?
        if try request.step() {
            var usage = RequestDetail(request.bytes(6), withTrail: false).rareUsage
            usage.input = request.integer(1)
            usage.cacheRead = request.integer(2)
            usage.output = request.integer(3)
            usage.reasoning = request.integer(4)
            outcome = RequestOutcome(
                rank: SettleRank(rawValue: UInt8(clamping: request.integer(0))) ?? .open, tokens: usage.total,
                cost: max(0, request.integer(5)), isUnknown: false, running: [])
        }
        let calls = try self.database.statement(
            """
            SELECT a.status, a.billed, o.instance FROM calls a LEFT JOIN owners o ON o.id = a.owner
            WHERE a.record = $1
            """)
        defer { calls.reset() }
        try calls.bind(1, blob: record.bytes)
        while try calls.step() {
            var seen = outcome ?? RequestOutcome(rank: .open, tokens: 0, cost: 0, isUnknown: false, running: [])
            if calls.isNull(0) { seen.running.append(UInt32(clamping: calls.integer(2))) }
            if calls.isNull(0) || calls.integer(1) == Int64(Billed.unknown.rawValue) { seen.isUnknown = true }
            outcome = seen
        }
        return outcome
    }
}
