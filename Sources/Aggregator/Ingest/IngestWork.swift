import Database
import Domain
import EventLog
import Journal
import Limits
import UsageStore

/// The work on the usage database: brings journals to it, keeps the limit table, which begins with what is in it, and answers what was in
/// flight at the dead; and between all that what runs by a schedule. Owns the database's connections.
///
/// One turn takes one transaction at most, and some milliseconds of a job where there is time for that. It is used by one thread at a time: the loop where the database is a file, else a thread of its
/// own, because the network may take any time.
final class IngestWork {
    private static let failuresBeforeReopening = 3
    /// Turns in which journals are read and nothing else, until a job has its turn while there is ever more to read.
    private static let patience = 10
    /// Requests that are summed in a turn with nothing else to do, where an older version of the program has left them.
    private static let summed: Int64 = 20_000

    private let census: JournalCensus
    private let limits: LimitTableKeeper?
    private let housekeeper: Housekeeper?
    private let connect: () throws(DatabaseError) -> any UsageSink
    private(set) var writer: (any UsageSink)?
    private var tail: JournalTail?
    private var prices: [Price]
    /// What was counted before the database was opened anew, and what failed while there was none.
    private var counted = IngestCounts()
    /// As of the last tail.
    private var positions: [String: UInt64] = [:]
    private var failuresInARow = 0
    /// Everything that was there at the start has been read.
    private var isCaughtUp = false
    /// Turns since a job had its own.
    private var busyTurns = 0

    /// `connect` opens the usage database for writing.
    init(
        folder: String, prices: [Price], limits: LimitTableKeeper?, housekeeper: Housekeeper? = nil, log: Log,
        connect: @escaping () throws(DatabaseError) -> any UsageSink
    ) {
        self.census = JournalCensus(folder: folder, log: log)
        self.prices = prices
        self.limits = limits
        self.housekeeper = housekeeper
        self.connect = connect
    }

    /// Of the journals.
    var folder: String { self.census.folder }

    var keepsLimits: Bool { self.limits != nil }

    /// Whether the usage database is open.
    var isOpen: Bool { self.tail != nil }

    /// What it has counted, for metrics.
    var counts: IngestCounts { self.tail?.counts ?? self.counted }

    /// How the limit table is; nil where none is kept.
    var limitCounts: LimitCounts? { self.limits?.counts }

    /// What was done by a schedule; nil where nothing is.
    var jobCounts: JobCounts? { self.housekeeper?.counts }

    /// Opens the database, where it is not open.
    func open() throws(DatabaseError) {
        guard self.tail == nil else { return }
        do throws(DatabaseError) {
            let writer = try self.connect()
            try writer.add(prices: self.prices)
            self.tail = try JournalTail(census: self.census, writer: writer, counts: self.counted)
            self.writer = writer
        } catch {
            self.counted.databaseErrors += 1
            throw error
        }
    }

    /// Does one turn.
    func turn(_ order: IngestOrder) -> IngestReport {
        if let settings = order.limitTable { self.limits?.update(settings) }
        if let prices = order.prices { self.take(prices) }
        if let housekeeping = order.housekeeping { self.housekeeper?.update(housekeeping) }
        var report = IngestReport()
        do throws(DatabaseError) {
            try self.open()
            let outcome = try self.tail?.step(now: order.now, looksAgain: order.looksAgain) ?? .idle
            self.failuresInARow = 0
            if outcome == .idle {
                report.answers = try self.answers(order.questions)
                self.isCaughtUp = true
                if !order.isEnding { _ = try self.writer?.fillRollups(rows: Self.summed) }
            }
            if outcome == .more || !order.isEnding { report.limits = self.keepLimits(order) }
            report.housekeeping = self.keepHouse(order, outcome, report.limits)
            report.outcome = outcome
        } catch {
            report.failure = error
            // What does not pass by itself may be the connection's own trouble.
            self.failuresInARow += 1
            if self.failuresInARow % Self.failuresBeforeReopening == 0, error.fault != .contention { self.close() }
            self.lookWithoutDatabase(order)
        }
        report.isOpen = self.isOpen
        report.standings = self.census.standings
        report.counts = self.counts
        if order.countsRoom { report.limitCounts = self.limitCounts }
        report.jobCounts = self.jobCounts
        return report
    }

    private func take(_ prices: [Price]) {
        self.prices = prices
        guard let writer = self.writer else { return }
        do throws(DatabaseError) {
            try writer.add(prices: prices)
        } catch {
            // Opened anew, which adds them.
            self.close()
            self.counted.databaseErrors += 1
        }
    }

    private func close() {
        self.counted = self.counts
        if let tail = self.tail { self.positions = tail.positions }
        self.tail = nil
        self.writer = nil
    }

    private func answers(
        _ questions: Set<IngestOrder.Question>
    ) throws(DatabaseError) -> [IngestOrder.Question: [UInt64]] {
        var answers: [IngestOrder.Question: [UInt64]] = [:]
        guard let writer = self.writer else { return answers }
        for question in questions where self.census.standings.isFinished(question.owner) {
            answers[question] = try writer.suspects(
                host: question.owner.host, instance: question.owner.instance, role: question.role)
        }
        return answers
    }

    private func keepLimits(_ order: IngestOrder) -> LimitTableKeeper.Next {
        guard let limits = self.limits else { return .later }
        return limits.step(
            self.census.standings, isCaughtUp: self.isCaughtUp, now: order.now, wall: order.wall
        ) { order.linkedEdges.contains($0) }
    }

    /// Jobs wait for everything else, but not for ever: what is read is of the present once everything was read that was there at the start.
    private func keepHouse(
        _ order: IngestOrder, _ outcome: JournalTail.Outcome, _ limits: LimitTableKeeper.Next
    ) -> Housekeeper.Next {
        guard let housekeeper, let writer, self.isCaughtUp, !order.isEnding, limits != .now else { return .later }
        self.busyTurns += 1
        guard outcome == .idle || self.busyTurns > Self.patience else { return .later }
        self.busyTurns = 0
        return housekeeper.step(writer, now: order.now, wall: order.wall)
    }

    /// Who died is to be known, and how the journals grow, while the database is away, too.
    private func lookWithoutDatabase(_ order: IngestOrder) {
        guard self.tail == nil, let contents = self.census.look(now: order.now, looksAgain: order.looksAgain) else {
            return
        }
        self.counted.journalBytes = contents.bytes
        self.counted.lag = contents.segments.reduce(0) { sum, segment in
            let position = self.positions[segment.name.key] ?? 0
            return sum &+ (segment.size > position ? segment.size - position : 0)
        }
    }
}
