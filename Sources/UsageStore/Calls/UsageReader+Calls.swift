import Database
public import Domain

extension UsageReader {
    /// How long after its request a call may begin and still be found, in milliseconds: it may have waited for a place, and for others that
    /// failed.
    static let callDelay: UInt64 = 6 * 3_600_000
    /// Groups after which an answer ends with the page it is at.
    private static let mostGroups = 2000

    /// What the calls used that began from `since` on and before `until`, in milliseconds since 1970; only of `provider` where it is given.
    ///
    /// When it takes too long, or gets too large, the answer is of the requests until then, and says where to go on: `after` of the next
    /// question. Each call is in exactly one answer.
    public func calls(
        since: UInt64, until: UInt64, provider: [UInt8]? = nil, after: RecordID? = nil,
        isOverdue: () -> Bool = { false }
    ) throws(UsageReadingFailure) -> CallReport {
        try self.reading { () throws(DatabaseError) in
            var report = CallReport()
            report.keptFrom = try RollupState.keptFrom(in: self.database)
            let until = RecordID.first(atMilliseconds: until)
            let first = RecordID.first(atMilliseconds: since - min(since, Self.callDelay))
            let began = since..<max(since, until.milliseconds)
            var after = after
            while true {
                // Both tables as of one commit, so that a call is in one of them.
                let (last, isLast) = try self.database.reading { () throws(DatabaseError) in
                    let page = try self.inlineCalls(first, after, until, began, provider, &report)
                    try self.separateCalls(first, after, page.isLast ? nil : page.last, until, began, provider, &report)
                    return page
                }
                if isLast { return report }
                after = last
                if report.groups.count >= Self.mostGroups || isOverdue() {
                    report.next = last
                    return report
                }
            }
        }
    }

    /// Of a page of requests, those calls that lie in the rows themselves.
    private func inlineCalls(
        _ first: RecordID, _ after: RecordID?, _ until: RecordID, _ began: Range<UInt64>, _ provider: [UInt8]?,
        _ report: inout CallReport
    ) throws(DatabaseError) -> (last: RecordID?, isLast: Bool) {
        let comparison: SQL = after == nil ? ">=" : ">"
        let statement = try self.database.statement(
            """
            SELECT record, attempt, attempt_detail FROM requests WHERE record \(comparison) $1 AND record < $2
            ORDER BY record LIMIT $3
            """)
        defer { statement.reset() }
        try statement.bind(1, blob: (after ?? first).bytes)
        try statement.bind(2, blob: until.bytes)
        try statement.bind(3, Self.page)
        var rows: Int64 = 0
        var last: RecordID?
        while try statement.step() {
            rows += 1
            last = RecordID(bytes: statement.bytes(0)) ?? last
            guard let record = last, !statement.isNull(1) else { continue }
            let call = InlineAttempt.parts(statement.integer(1))
            try self.add(
                record, target: call.target, started: call.started, billed: call.billed, began, provider, &report
            ) {
                AttemptDetail(statement.bytes(2))
            }
        }
        return (last, rows < Self.page || last == nil)
    }

    /// Those with rows of their own, of the requests up to `last`; of all for nil.
    private func separateCalls(
        _ first: RecordID, _ after: RecordID?, _ last: RecordID?, _ until: RecordID, _ began: Range<UInt64>,
        _ provider: [UInt8]?, _ report: inout CallReport
    ) throws(DatabaseError) {
        let from: SQL = after == nil ? ">=" : ">"
        let to: SQL = last == nil ? "<" : "<="
        let statement = try self.database.statement(
            """
            SELECT record, coalesce(target, 0), coalesce(started, 0), billed, detail FROM attempts
            WHERE record \(from) $1 AND record \(to) $2
            """)
        defer { statement.reset() }
        try statement.bind(1, blob: (after ?? first).bytes)
        try statement.bind(2, blob: (last ?? until).bytes)
        while try statement.step() {
            guard let record = RecordID(bytes: statement.bytes(0)) else { continue }
            try self.add(
                record, target: statement.integer(1), started: statement.integer(2),
                billed: Billed(rawValue: UInt8(clamping: statement.integer(3))) ?? .unknown, began, provider, &report
            ) {
                AttemptDetail(statement.bytes(4))
            }
        }
    }

    private func add(
        _ record: RecordID, target number: Int64, started: Int64, billed: Billed, _ began: Range<UInt64>,
        _ provider: [UInt8]?, _ report: inout CallReport, _ detail: () -> AttemptDetail
    ) throws(DatabaseError) {
        guard billed != .no else { return }
        // A clock that was set back gives a call a time before its request.
        let time = UInt64(clamping: Int64(record.milliseconds).addingClamped(started))
        guard began.contains(time) else { return }
        let target = try self.names.target(number)
        guard provider == nil || provider == target.provider else { return }
        let detail = detail()
        let group = CallReport.Group(
            day: Int64(time / LocalDay.day), provider: target.provider, model: target.model, billed: billed,
            source: detail.usageSource)
        report.groups[group, default: CallReport.Totals()].add(detail)
    }
}
