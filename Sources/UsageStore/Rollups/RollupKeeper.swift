import Database
import Domain

/// Who can put sums right: the writers of both products.
protocol RollupCorrecting: AnyObject {
    var writing: any DatabaseConnection { get }
    var scopes: RollupScopes { get }
    /// Another connection; nil while somebody else recounts in the same database. Once nobody uses it any more, others may.
    func recounting() throws(DatabaseError) -> (any DatabaseConnection)?
    /// Adds to the sums, in a transaction of its own. `unfilled`: the days that lack something from then on, nil to leave them.
    func correct(_ changes: (hours: RollupRows, days: RollupRows), unfilled: Range<Int64>?) throws(DatabaseError)
}

/// Recounts days in small steps, between the batches of a writer: to find what is wrong, and to sum what was there before there were sums.
final class RollupKeeper {
    /// Days that are recounted in one go when what was there before is summed.
    private static let portion: Int64 = 4

    private enum Purpose: Hashable {
        case repair(Range<Int64>)
        /// The days that lack something afterwards.
        case fill(unfilled: Range<Int64>)
    }

    /// Steps that are left out after somebody else was found at it.
    private static let pause = 100
    /// Batches without a step after which a recount is given up: the moment that it sees keeps the database from clearing up.
    private static let patience = 500

    private unowned let writer: any RollupCorrecting
    private var work: (purpose: Purpose, audit: RollupAudit)?
    private var isFilled = false
    private var waits = 0
    private var idleBatches = 0

    init(_ writer: any RollupCorrecting) {
        self.writer = writer
    }

    /// See `UsageSink.repair`.
    func repair(_ days: Range<Int64>, rows: Int64) throws(DatabaseError) -> RollupRepair {
        guard try self.unfilled().isEmpty else { return .busy }
        if self.work?.purpose != .repair(days) {
            self.work = nil
            guard let database = try self.writer.recounting() else { return .busy }
            guard let kept = try self.kept(days, database) else { return .done(differed: 0) }
            self.work = (.repair(days), try RollupAudit(kept, database, self.writer.scopes))
        }
        return try self.step(rows: rows)
    }

    /// See `UsageSink.fillRollups`.
    func fill(rows: Int64) throws(DatabaseError) -> Bool {
        guard try !self.unfilled().isEmpty else { return false }
        if case .fill = self.work?.purpose {
            _ = try self.step(rows: rows)
            return true
        }
        guard self.waits == 0 else {
            self.waits -= 1
            return true
        }
        guard let database = try self.writer.recounting() else {
            self.waits = Self.pause
            return true
        }
        // Whoever was at it until now may have come further.
        let end = min(try self.unfilled().upperBound, Int64.max / 2 / Int64(LocalDay.day))
        guard let newest = try self.newest(before: LocalDay.milliseconds(of: 0..<end).upperBound, database) else {
            try self.writer.correct(([:], [:]), unfilled: 0..<0)
            return true
        }
        // The newest first, as they are asked for most; days without any are passed over.
        let until = min(end, LocalDay.day(of: newest, zone: LocalDay.furthestZone) + 1)
        let from = until - Self.portion
        let audit = try RollupAudit(from..<until, database, self.writer.scopes)
        self.work = (.fill(unfilled: from > 0 ? 0..<from : 0..<0), audit)
        _ = try self.step(rows: rows)
        return true
    }

    /// A batch was written.
    func committed() {
        guard self.work != nil else { return }
        self.idleBatches += 1
        if self.idleBatches > Self.patience { self.work = nil }
    }

    private func unfilled() throws(DatabaseError) -> Range<Int64> {
        if self.isFilled { return 0..<0 }
        let unfilled = try RollupState.unfilled(in: self.writer.writing)
        self.isFilled = unfilled.isEmpty
        return unfilled
    }

    private func step(rows: Int64) throws(DatabaseError) -> RollupRepair {
        guard let (purpose, audit) = self.work else { return .busy }
        self.idleBatches = 0
        do throws(DatabaseError) {
            let changes = try audit.step(rows: rows)
            var unfilled: Range<Int64>?
            if audit.isDone, case .fill(let rest) = purpose { unfilled = rest }
            if !changes.hours.isEmpty || !changes.days.isEmpty || unfilled != nil {
                try self.writer.correct(changes, unfilled: unfilled)
            }
        } catch {
            // Whether what was found has been added need not be known: it is looked for anew.
            self.work = nil
            throw error
        }
        guard audit.isDone else { return .more }
        self.work = nil
        return .done(differed: audit.differed)
    }

    /// The days all of whose requests are kept; nil where there are none.
    private func kept(_ days: Range<Int64>, _ database: any DatabaseConnection) throws(DatabaseError) -> Range<Int64>? {
        let oldest = try database.statement("SELECT record FROM requests ORDER BY record LIMIT 1")
        guard try oldest.step(), let record = RecordID(bytes: oldest.bytes(0)) else { return nil }
        oldest.reset()
        let from = max(record.milliseconds, try RollupState.keptFrom(in: database))
        let (sum, overflow) = from.addingReportingOverflow(LocalDay.furthest + LocalDay.day - 1)
        let first = Int64(clamping: (overflow ? .max : sum) / LocalDay.day)
        return first < days.upperBound ? max(first, days.lowerBound)..<days.upperBound : nil
    }

    private func newest(before milliseconds: UInt64, _ database: any DatabaseConnection) throws(DatabaseError)
        -> RecordID?
    {
        let statement = try database.statement(
            "SELECT record FROM requests WHERE record < $1 ORDER BY record DESC LIMIT 1")
        defer { statement.reset() }
        try statement.bind(1, blob: RecordID.first(atMilliseconds: milliseconds).bytes)
        return try statement.step() ? RecordID(bytes: statement.bytes(0)) : nil
    }
}
