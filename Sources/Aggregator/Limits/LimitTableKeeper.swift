import Database
import Domain
import Glibc
import Limits
import EventLog
import Platform
import UsageStore

/// Sees to it that there is a limit table, filled with what was used, and ends what dead edges hold in it.
///
/// One user at a time; owns a mapping of the table and a reading connection of the usage database. Time is passed in. A table is
/// made beside the old one and gets its name when it is whole; each recovery is idempotent. So whenever this process is killed, the next
/// one goes on. What fails is said once and tried again; journals are read meanwhile.
final class LimitTableKeeper {
    /// When it wants to be called again.
    enum Next: Hashable {
        case now
        case soon
        case later
    }

    private static let second: UInt64 = 1_000_000_000
    /// Rows of the usage database that are summed in one step: some milliseconds of work.
    private static let rowsAtOnce = 5000

    var log: Log
    private(set) var recoveredHolds: UInt64 = 0
    private(set) var tablesMade: UInt64 = 0
    private let path: String
    private let connect: () throws(DatabaseError) -> UsageReader
    private let boot: BootID
    private var settings: LimitTableSettings
    private var table: LimitTable?
    private var recovery: DeadHolds
    private var seeding: Seeding?
    private var reader: UsageReader?
    private var triesAt: UInt64 = 0
    private var looksAt: UInt64 = 0
    private var complaint: String?

    private struct Seeding {
        var history: LimitHistory
        /// What was ever used; nil where that is to be found in requests.
        var totals: TotalScan?
        var last: RecordID?
    }

    /// Milliseconds of two months: no period that counts began before.
    private static let periods: UInt64 = 63 * 86_400_000

    /// `host` is the one whose edges have places in the table; `connect` opens the usage database for reading.
    init(
        stateDirectory: String, host: UInt32, settings: LimitTableSettings, boot: BootID, log: Log,
        connect: @escaping () throws(DatabaseError) -> UsageReader
    ) {
        self.path = LimitTable.path(stateDirectory: stateDirectory)
        // Control makes it at its start; what keeps it from being there is told when the table is made.
        _ = unsafe mkdir(LimitTable.folder(stateDirectory: stateDirectory), 0o700)
        self.connect = connect
        self.boot = boot
        self.settings = settings
        self.recovery = DeadHolds(host: host)
        self.log = log
    }

    /// Of a new snapshot: another size means another table.
    func update(_ settings: LimitTableSettings) {
        if self.settings != settings { self.seeding = nil }
        self.settings = settings
        self.looksAt = 0
    }

    var counts: LimitCounts {
        LimitCounts(
            room: self.table.map { LimitReader($0).room() }, recoveredHolds: self.recoveredHolds,
            tablesMade: self.tablesMade)
    }

    /// To be called after a step of the tail. `isCaughtUp`: everything that dead processes have written is in the database. `now` is
    /// monotonic in nanoseconds, `wall` in milliseconds since 1970; `isLinked` says whether an edge lives for sure.
    func step(
        _ standings: JournalStandings, isCaughtUp: Bool, now: UInt64, wall: UInt64, isLinked: (UInt32) -> Bool
    ) -> Next {
        guard now >= self.triesAt else { return .later }
        do {
            if now >= self.looksAt {
                self.look()
                self.looksAt = now &+ Self.second
            }
            guard let table = self.table else {
                guard isCaughtUp || self.seeding != nil else { return .later }
                return try self.seed(wall) ? .soon : .now
            }
            let isPending = try self.recovery.step(
                table, standings, try self.opened(), now: now, wall: wall, isLinked: isLinked
            ) { instance, holds in
                self.recoveredHolds &+= UInt64(holds)
                guard holds > 0 else { return }
                self.log.warning("holds of a dead edge ended", ["peer_instance": .int(instance), "count": .int(holds)])
            }
            self.complain(nil)
            return isPending ? .soon : .later
        } catch {
            self.seeding = nil
            self.reader = nil
            self.triesAt = now &+ Self.second
            self.complain("\(error)", (error as? DatabaseError).map { "\($0.code)" })
            return .later
        }
    }

    /// Whether the table that has the name is one to keep.
    private func look() {
        if let table = self.table {
            guard table.isCurrent, table.shape == LimitTableShape(self.settings) else { return self.table = nil }
            return
        }
        guard self.seeding == nil else { return }
        do throws(LimitTableError) {
            let table = try LimitTable.open(self.path, .writing, boot: self.boot)
            guard table.shape == LimitTableShape(self.settings) else { return }
            self.table = table
        } catch {
            // Made anew, whatever is wrong with it.
            if !error.isMissing { self.log.info("limit table is made anew", ["reason": .string("\(error)")]) }
        }
    }

    private func opened() throws(DatabaseError) -> UsageReader {
        if let reader = self.reader { return reader }
        let reader = try self.connect()
        self.reader = reader
        return reader
    }

    // MARK: A new table

    /// Sums some more rows; true when there is a table with the sums.
    private func seed(_ wall: UInt64) throws -> Bool {
        let reader = try self.opened()
        var seeding = try self.seeding ?? self.begin(reader, wall)
        self.seeding = nil
        var rows = Self.rowsAtOnce
        while let totals = seeding.totals, !totals.isDone, rows > 0 {
            rows -= try totals.page(limit: rows) { number, route, use in
                seeding.history.add(total: LimitUse(tokens: use.tokens, cost: use.cost), by: number, of: route) {
                    try? reader.principal($0)
                }
            }
        }
        guard rows > 0 else {
            self.seeding = seeding
            return false
        }
        seeding.last = try reader.uses(after: seeding.last, limit: rows) { use in
            seeding.history.add(use) { try? reader.principal($0) }
        }
        if seeding.last != nil {
            self.seeding = seeding
            return false
        }
        let history = seeding.history
        let table = try LimitTable.create(
            self.path, shape: LimitTableShape(self.settings), boot: self.boot, wall: wall)
        let seeder = LimitSeeder(table)
        let starts = history.starts { try? reader.model(ofRoute: $0) }
        for start in starts {
            do throws(LimitTableError) {
                try seeder.seed(start.key, start.scope, start.seed, periods: start.periods, window: history.now)
            } catch {
                // Without room for all, those who are in it are limited as they should be.
                guard error == .table(path: self.path, .full) else { throw error }
                self.log.error("limit table has no room for all that was used", ["keys": .int(starts.count)])
                break
            }
        }
        try table.publish()
        self.table = table
        self.tablesMade &+= 1
        self.log.info("limit table made", ["keys": .int(starts.count)])
        return true
    }

    private func begin(_ reader: UsageReader, _ wall: UInt64) throws(DatabaseError) -> Seeding {
        let totals = try reader.totals()
        let since = wall > Self.periods ? wall - Self.periods : 0
        return Seeding(
            history: LimitHistory(self.settings, now: wall, hasTotals: totals != nil), totals: totals,
            last: totals == nil ? nil : RecordID(high: since << 16, low: 0))
    }

    /// `kind`: what is the same where only the words of `reason` differ.
    private func complain(_ reason: String?, _ kind: String? = nil) {
        guard kind ?? reason != self.complaint else { return }
        self.complaint = kind ?? reason
        if let reason {
            self.log.error("limit table cannot be kept; tried again", ["error": .string(reason)])
        } else {
            self.log.info("limit table works again")
        }
    }
}
