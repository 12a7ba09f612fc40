public import Database
public import Domain

/// Answers questions from the usage database, the same way from both products; reads only, also while aggregators write.
///
/// Rows are read a page at a time, by their keys: no more than that is held in memory, and each page is of a moment of its own. Lives on
/// one thread. A question that takes long asks `isOverdue` between pages whether it may go on, so that whoever asks can bound it.
public final class UsageReader {
    /// Rows of a page: about a millisecond.
    static let page: Int64 = 2048

    let database: any DatabaseConnection
    let names: UsageNames

    /// Reads by a connection that finds the tables of `UsageSchema`.
    public init(_ database: any DatabaseConnection) {
        self.database = database
        self.names = UsageNames(database)
    }

    /// Opens the file, which must exist.
    public convenience init(path: String) throws(DatabaseError) {
        self.init(
            try SQLiteDatabase(path: path, options: UsageSchema.reading, migrations: UsageSchema.migrations))
    }

    // MARK: Sums

    /// What was used by requests that came from `since` on and before `until`, in milliseconds since 1970; divided where
    /// `grouping` is given; only by `organization` where it is given.
    public func usage(
        since: UInt64, until: UInt64, by grouping: UsageReport.Grouping? = nil, organization: EntityID? = nil,
        isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> UsageReport {
        try self.reading { () throws(DatabaseError) in
            guard let sums = try self.sums(since: since, until: until, by: grouping, organization, isOverdue) else {
                return nil
            }
            var report = UsageReport()
            var groups: [UsageReport.Group: UsageTotals] = [:]
            for (number, totals) in sums {
                report.total.add(totals)
                guard let grouping else { continue }
                groups[try self.group(number, grouping), default: UsageTotals()].add(totals)
            }
            report.entries = groups.map { UsageReport.Entry(group: $0.key, totals: $0.value) }
                .sorted(by: UsageReport.Entry.isBefore)
            return report
        }
    }

    /// By the number of the principal or the route, -1 where a row has none. Nil when it took too long.
    ///
    /// Summed here and not in SQL, which would sort all rows to group them.
    private func sums(
        since: UInt64, until: UInt64, by grouping: UsageReport.Grouping?, _ organization: EntityID?,
        _ isOverdue: () -> Bool
    ) throws(DatabaseError) -> [Int64: UsageTotals]? {
        let column: SQL =
            switch grouping {
            case nil: "0"
            case .key, .project: "principal"
            case .model, .provider: "route"
            }
        // From the first record on, then from behind the last one.
        var from = RecordID.first(atMilliseconds: since).bytes
        let sql: [SQL] = [">=", ">"].map { (comparison: SQL) in
            """
            SELECT record, coalesce(\(column), -1), rank, status, outcome, usage_source, input, cache_read, output, reasoning, cost,
                detail, coalesce(principal, -1)
            FROM requests WHERE record \(comparison) $1 AND record < $2 ORDER BY record LIMIT \(Self.page)
            """
        }
        var sums: [Int64: UsageTotals] = [:]
        var isFirst = true
        while true {
            let statement = try self.database.statement(isFirst ? sql[0] : sql[1])
            try statement.bind(1, blob: from)
            try statement.bind(2, blob: RecordID.first(atMilliseconds: until).bytes)
            isFirst = false
            var rows: Int64 = 0
            while try statement.step() {
                rows += 1
                if rows == Self.page { from = statement.bytes(0) }
                if let organization {
                    let principal = try self.names.principal(statement.integer(12))
                    guard principal?.organization == organization else { continue }
                }
                sums[statement.integer(1), default: UsageTotals()].add(Self.totals(statement))
            }
            if rows < Self.page { return sums }
            if isOverdue() { return nil }
        }
    }

    /// Of one request: the columns that `sums` asks for.
    private static func totals(_ statement: any DatabaseStatement) -> UsageTotals {
        var row = UsageTotals()
        row.requests = 1
        let outcome = statement.integer(4)
        row.open = statement.integer(2) == Int64(SettleRank.open.rawValue) ? 1 : 0
        row.recovered = (1...2).contains(statement.integer(2)) ? 1 : 0
        row.errors = statement.integer(3) >= 400 || outcome == Int64(ClientOutcome.error.rawValue) ? 1 : 0
        row.disconnected = outcome == Int64(ClientOutcome.disconnected.rawValue) ? 1 : 0
        let source = statement.integer(5)
        row.estimated = source == Int64(UsageSource.estimated.rawValue) ? 1 : 0
        row.unknownPrice = source != 0 && statement.isNull(10) ? 1 : 0
        row.usage = RequestDetail(statement.bytes(11), withTrail: false).rareUsage
        row.usage.input = statement.integer(6)
        row.usage.cacheRead = statement.integer(7)
        row.usage.output = statement.integer(8)
        row.usage.reasoning = statement.integer(9)
        row.cost = statement.integer(10)
        return row
    }

    private func group(
        _ number: Int64, _ grouping: UsageReport.Grouping
    ) throws(DatabaseError) -> UsageReport.Group {
        guard number >= 0 else { return .unknown }
        switch grouping {
        case .key: return try self.names.principal(number).map { .entity($0.key) } ?? .unknown
        case .project: return try self.names.principal(number).map { .entity($0.project) } ?? .unknown
        case .model: return .name(try self.names.route(number).model)
        case .provider: return .name(try self.names.route(number).provider)
        }
    }

    // MARK: Requests

    /// The newest requests that the query asks for.
    public func requests(
        _ query: RequestQuery, isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> RequestPage {
        try self.reading { () throws(DatabaseError) in
            var page = RequestPage(requests: [], next: nil)
            guard let range = query.range else { return page }
            var before = range.upperBound.bytes
            // One more tells whether there are more.
            let size = query.isForAll ? min(Self.page, Int64(query.limit) + 1) : Self.page
            while true {
                let statement = try self.database.statement(
                    """
                    \(Self.selectRequest) WHERE record >= $1 AND record < $2 ORDER BY record DESC LIMIT $3
                    """)
                defer { statement.reset() }
                try statement.bind(1, blob: range.lowerBound.bytes)
                try statement.bind(2, blob: before)
                try statement.bind(3, size)
                var rows: Int64 = 0
                while try statement.step() {
                    if page.requests.count == query.limit {
                        page.next = RecordID(bytes: before)
                        return page
                    }
                    rows += 1
                    before = statement.bytes(0)
                    if try self.matches(statement, query), let row = try self.row(statement) {
                        page.requests.append(row)
                    }
                }
                if rows < size { return page }
                // What was found until now is an answer, with a place to go on.
                if isOverdue() {
                    page.next = RecordID(bytes: before)
                    return page
                }
            }
        }
    }

    /// Everything that is known of one request; nil when nothing is.
    public func explanation(of record: RecordID) throws(UsageReadingFailure) -> RequestExplanation? {
        let found: [RequestExplanation] = try self.reading { () throws(DatabaseError) in
            // Both tables as of one commit.
            try self.database.reading { () throws(DatabaseError) in
                let statement = try self.database.statement("\(Self.selectRequest) WHERE record = $1")
                try statement.bind(1, blob: record.bytes)
                guard try statement.step(), let row = try self.row(statement) else { return [] }
                statement.reset()
                return [
                    RequestExplanation(
                        request: row, trail: DecisionTrail(packed: row.detail.trail),
                        attempts: try self.attempts(of: record))
                ]
            }
        }
        return found.first
    }

    static let selectRequest: SQL = """
        SELECT record, rank, principal, endpoint, body_bytes, trace_id, label, tags, coalesce(route, -1), status, outcome,
            usage_source, input, cache_read, output, reasoning, cost, coalesce(error, 0), first_byte, total, detail
        FROM requests
        """

    /// Looks at numbers first: most rows are passed over.
    private func matches(_ statement: any DatabaseStatement, _ query: RequestQuery) throws(DatabaseError) -> Bool {
        if let status = query.status, statement.isNull(9) || !status.contains(statement.integer(9)) { return false }
        if let outcome = query.outcome {
            guard statement.integer(1) > 0, statement.integer(10) == Int64(outcome.rawValue) else { return false }
        }
        // What nobody knows, as long as a request runs, is not that much.
        if let cost = query.minimumCost, statement.isNull(16) || statement.integer(16) < cost { return false }
        if let time = query.minimumDuration, statement.isNull(19) || statement.integer(19) < time { return false }
        if let label = query.label, statement.bytes(6) != label { return false }
        if let traceID = query.traceID, statement.bytes(5) != traceID { return false }
        if let error = query.error, try self.names.name(statement.integer(17)) != error { return false }
        if query.organization != nil || query.key != nil || query.project != nil || query.user != nil {
            guard let principal = try self.names.principal(statement.integer(2)) else { return false }
            if let organization = query.organization, principal.organization != organization { return false }
            if let key = query.key, principal.key != key { return false }
            if let project = query.project, principal.project != project { return false }
            if let user = query.user, principal.user != user { return false }
        }
        if query.model != nil || query.provider != nil {
            let route = try self.names.route(statement.integer(8))
            if let model = query.model, route.model != model, route.modelSent != model { return false }
            if let provider = query.provider, route.provider != provider { return false }
        }
        return true
    }

    func row(_ statement: any DatabaseStatement) throws(DatabaseError) -> RequestRow? {
        guard let record = RecordID(bytes: statement.bytes(0)) else { return nil }
        let route = try self.names.route(statement.integer(8))
        let detail = RequestDetail(statement.bytes(20))
        var usage = detail.rareUsage
        usage.input = statement.integer(12)
        usage.cacheRead = statement.integer(13)
        usage.output = statement.integer(14)
        usage.reasoning = statement.integer(15)
        return RequestRow(
            record: record, rank: SettleRank(rawValue: UInt8(clamping: statement.integer(1))) ?? .open,
            principal: statement.isNull(2) ? nil : try self.names.principal(statement.integer(2)),
            endpoint: statement.optionalInteger(3).flatMap { Endpoint(rawValue: UInt8(clamping: $0)) },
            bodyBytes: statement.optionalInteger(4), traceID: statement.bytes(5), label: statement.bytes(6),
            tags: statement.bytes(7), model: route.model, provider: route.provider, modelSent: route.modelSent,
            status: statement.optionalInteger(9),
            outcome: ClientOutcome(rawValue: UInt8(clamping: statement.integer(10))) ?? .unknown,
            usageSource: UsageSource(rawValue: UInt8(clamping: statement.integer(11))) ?? .none, usage: usage,
            cost: statement.optionalInteger(16), error: try self.names.name(statement.integer(17)),
            firstByte: statement.optionalInteger(18).flatMap { $0 == 0 ? nil : $0 },
            total: statement.optionalInteger(19), detail: detail)
    }

    private func attempts(of record: RecordID) throws(DatabaseError) -> [AttemptRow] {
        let statement = try self.database.statement(
            """
            SELECT a.number, o.instance, v.text, m.text, k.text, t.price, a.started, a.status, a.billed, a.cost, e.text,
                a.detail
            FROM calls a LEFT JOIN owners o ON o.id = a.owner LEFT JOIN targets t ON t.id = a.target
                LEFT JOIN names v ON v.id = t.provider LEFT JOIN names m ON m.id = t.model
                LEFT JOIN names k ON k.id = t.key LEFT JOIN names e ON e.id = a.error
            WHERE a.record = $1 ORDER BY a.number
            """)
        defer { statement.reset() }
        try statement.bind(1, blob: record.bytes)
        var attempts: [AttemptRow] = []
        while try statement.step() {
            let price = UInt64(bitPattern: statement.integer(5))
            attempts.append(
                AttemptRow(
                    number: statement.integer(0), upstream: statement.optionalInteger(1),
                    provider: statement.bytes(2), model: statement.bytes(3), keyName: statement.bytes(4),
                    price: price == 0 ? nil : try PriceTable.price(price, in: self.database),
                    startedAt: statement.optionalInteger(6).map { $0 &+ Int64(record.milliseconds) },
                    status: statement.optionalInteger(7),
                    billed: Billed(rawValue: UInt8(clamping: statement.integer(8))) ?? .unknown,
                    cost: statement.optionalInteger(9), error: statement.bytes(10),
                    detail: AttemptDetail(statement.bytes(11))))
        }
        return attempts
    }

    // MARK: -

    /// Nil from `body` says that it took too long.
    func reading<Value>(
        _ body: () throws(DatabaseError) -> Value?
    ) throws(UsageReadingFailure) -> Value {
        let value: Value?
        do throws(DatabaseError) {
            value = try body()
        } catch {
            throw .database(error)
        }
        guard let value else { throw .tookTooLong }
        return value
    }
}
