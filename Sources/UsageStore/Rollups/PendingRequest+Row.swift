import Database
import Domain

/// A row of `requests` as far as sums need it.
extension PendingRequest {
    static let countedColumns: [SQL] = [
        "record", "rank", "principal", "zone", "route", "status", "outcome", "usage_source", "input", "cache_read",
        "output", "reasoning", "cost", "error", "first_byte", "total", "detail",
    ]

    /// Reads `countedColumns`; nil for a row that no version of this program has written. `rank`: what it was, nil for what it is.
    init?(counted statement: any DatabaseStatement, rank former: SettleRank? = nil) {
        guard let record = RecordID(bytes: statement.bytes(0)),
            let rank = former ?? SettleRank(rawValue: UInt8(clamping: statement.integer(1)))
        else { return nil }
        self.init(record: record)
        self.rank = rank
        self.hasBegin = !statement.isNull(2)
        self.principal = statement.integer(2)
        self.zone = Int8(clamping: statement.integer(3))
        guard rank > .open else { return }
        self.route = statement.integer(4)
        self.status = UInt16(clamping: statement.integer(5))
        self.outcome = ClientOutcome(rawValue: UInt8(clamping: statement.integer(6))) ?? .unknown
        self.usageSource = UsageSource(rawValue: UInt8(clamping: statement.integer(7))) ?? .none
        self.usage.input = statement.integer(8)
        self.usage.cacheRead = statement.integer(9)
        self.usage.output = statement.integer(10)
        self.usage.reasoning = statement.integer(11)
        self.cost = statement.optionalInteger(12)
        self.error = statement.integer(13)
        self.firstByte = UInt64(max(0, statement.integer(14)))
        self.total = UInt64(max(0, statement.integer(15)))
        let detail = RequestDetail(statement.bytes(16), withTrail: false)
        self.isCacheHit = detail.isCacheHit
        self.fault = detail.fault
        self.attempts = detail.attempts
        for tokenClass in RollupSums.rareClasses { self.usage[tokenClass] = detail.rareUsage[tokenClass] }
    }

    /// What becomes of this row when `news` is merged into it: as the statements of `RequestTable` and `StagedRequests` say.
    func merged(with news: PendingRequest) -> PendingRequest {
        var row = news.rank > self.rank ? news : self
        let begin = self.hasBegin ? self : news
        row.hasBegin = begin.hasBegin
        row.principal = begin.principal
        row.zone = begin.zone
        return row
    }
}
