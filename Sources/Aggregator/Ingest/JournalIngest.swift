import Database
import Domain
import Glibc
import Journal
import EventLog
import Platform
import UsageStore

/// Has the journals brought to the usage database: orders five turns a second, waits when the database refuses, and reads everything to the
/// end before the process leaves.
///
/// Lives on one `EpollLoop`. A database that is a file is worked at on the loop, one transaction a turn, so that links and heartbeats are
/// served in between; one over the network on a thread of its own.
final class JournalIngest {
    private static let millisecond: UInt64 = 1_000_000
    /// Between two looks at the journals when nothing was left to read.
    static let pause = 200 * millisecond
    private static let longestBackoff = 5000 * millisecond
    /// How long the end waits for processes that still hold their journals.
    private static let patience = 1000 * millisecond
    /// How long the end may take in all.
    static let limit = 10_000 * millisecond

    /// Who does the turns.
    private enum Place {
        case loop(IngestWork)
        case thread(IngestThread)
    }

    let log: Log
    /// Keeps the table that upstreams share.
    private let providers: ProviderTableKeeper?
    /// The processes of a role that live for sure: they have links.
    var linked: (Role) -> Set<UInt32> = { _ in [] }
    /// Called with the reason when the database is one that this program can never work with.
    var whenUnusable: (StartFailure) -> Void = { _ in }
    private let loop: EpollLoop
    private let place: Place
    /// What the next order says of a new snapshot.
    private var news: (prices: [Price], limitTable: LimitTableSettings, housekeeping: HousekeepingSettings?)?
    private var timer: LoopTimer?
    private var backoff = JournalIngest.pause
    private var trouble: DatabaseError.Code?
    /// Of the last turn.
    private var last = IngestReport()
    private let keepsLimits: Bool
    private var countsRoom = false
    /// Since when a turn is being done on the thread; nil while none is.
    private var awaySince: UInt64?
    private var wasOpen = false
    private let folder: String
    /// When the end began; it has been asked for.
    private var endsSince: UInt64?
    private var endsAt: UInt64 = 0
    private var whenDone: (() -> Void)?
    private var questions: [IngestOrder.Question: ([UInt64]) -> Void] = [:]
    /// Somebody has lost a link: until then who lives is asked at each look.
    private var looksAgainUntil: UInt64 = 0

    /// Whether the usage database is open.
    var isOpen: Bool {
        if case .loop(let work) = self.place { work.isOpen } else { self.last.isOpen }
    }

    /// What it has counted, for metrics.
    var counts: IngestCounts {
        var counts = if case .loop(let work) = self.place { work.counts } else { self.last.counts }
        counts.isUp = self.last.outcome != nil && !self.isLate(Clocks.monotonicNanoseconds())
        return counts
    }

    /// How the limit table is; nil where none is kept. What a thread keeps is as of its last turn.
    var limitCounts: LimitCounts? {
        if case .loop(let work) = self.place { return work.limitCounts }
        self.countsRoom = true
        return self.last.limitCounts
    }

    /// What was done by a schedule; nil where nothing is.
    var jobCounts: JobCounts? {
        if case .loop(let work) = self.place { work.jobCounts } else { self.last.jobCounts }
    }

    /// What does the turns, where that is the loop.
    var work: IngestWork? {
        if case .loop(let work) = self.place { work } else { nil }
    }

    /// Opens the database, where it is a file; what only takes time or space to get better is tried again later.
    ///
    /// - Throws: a line that names the file, and the place in it, when it is damaged or not ours. Nothing is changed then.
    convenience init(
        loop: EpollLoop, stateDirectory: String, database: UsageDatabase, prices: [Price],
        limits: LimitTableKeeper? = nil,
        providers: ProviderTableKeeper? = nil, housekeeper: Housekeeper? = nil, log: Log
    ) throws(StartFailure) {
        let work = IngestWork(
            folder: JournalFolder.path(stateDirectory: stateDirectory), prices: prices, limits: limits,
            housekeeper: housekeeper,
            log: log
        ) { () throws(DatabaseError) in try database.writer() }
        if database.path != nil {
            // Control makes it at its start; what keeps it from being there is told when the database is opened.
            _ = unsafe mkdir(UsageSchema.folder(stateDirectory: stateDirectory), 0o700)
        }
        try self.init(
            loop: loop, work: work, isOnThread: database.path == nil, providers: providers, log: log)
    }

    init(
        loop: EpollLoop, work: IngestWork, isOnThread: Bool, providers: ProviderTableKeeper? = nil, log: Log
    ) throws(StartFailure) {
        self.providers = providers
        self.loop = loop
        self.log = log
        self.keepsLimits = work.keepsLimits
        self.folder = work.folder
        guard !isOnThread else {
            do throws(SystemError) {
                let thread = try IngestThread(work)
                self.place = .thread(thread)
                try loop.watch(thread.bell.number, for: .readable, handler: Bell(self))
            } catch {
                throw StartFailure("sluice-aggregator: \(error)", code: ExitCode.cannotStart)
            }
            return
        }
        self.place = .loop(work)
        do throws(DatabaseError) {
            try work.open()
            self.wasOpen = true
        } catch {
            if error.fault == .file { throw Self.unusable(error) }
            self.say(error)
        }
    }

    deinit {
        guard case .thread(let thread) = self.place else { return }
        self.loop.forget(thread.bell.number)
        thread.stop()
    }

    private static func unusable(_ error: DatabaseError) -> StartFailure {
        StartFailure("sluice-aggregator: \(error)", code: AggregatorExitCode.stateDamaged)
    }

    /// Begins to read.
    func start() {
        // Upstreams wait for it; it needs nothing of the database.
        self.providers?.keep(now: Clocks.monotonicNanoseconds())
        self.schedule(after: 0)
    }

    /// What a new snapshot says.
    func update(
        prices: [Price], limitTable: LimitTableSettings, upstreams: UInt16, housekeeping: HousekeepingSettings? = nil
    ) {
        self.providers?.update(upstreams: upstreams)
        self.providers?.keep(now: Clocks.monotonicNanoseconds())
        self.news = (prices, limitTable, housekeeping)
        self.schedule(after: 0)
    }

    /// Reads what there is to the end, then calls `done`: at the latest after `limit` nanoseconds. Meant for when all other
    /// processes are gone or about to; those that still hold their journal are waited for a second.
    func finish(within limit: UInt64 = JournalIngest.limit, done: @escaping () -> Void) {
        let now = Clocks.monotonicNanoseconds()
        self.endsSince = now
        self.endsAt = now &+ min(limit, Self.limit)
        self.whenDone = done
        self.tick()
    }

    /// Somebody's link has ended: he may be dead, and hold something that others wait for.
    func linkEnded() {
        guard self.keepsLimits || self.providers != nil else { return }
        self.looksAgainUntil = Clocks.monotonicNanoseconds() &+ 2 * Self.patience
        self.schedule(after: Self.pause / 20)
    }

    /// Calls `answer` with the fingerprints of what was in flight at a process when it died, as soon as all of its journal has
    /// been read. A question about the same process again replaces the one before.
    func suspects(host: UInt32, instance: UInt32, role: Role, answer: @escaping ([UInt64]) -> Void) {
        let owner = TailedOwner(host: host, instance: instance)
        self.questions = self.questions.filter { $0.key.owner != owner }
        self.questions[IngestOrder.Question(owner: owner, role: role)] = answer
        self.schedule(after: 0)
    }

    // MARK: Turns

    private func schedule(after delay: UInt64) {
        if let timer = self.timer {
            self.loop.reschedule(timer, after: delay)
        } else {
            self.timer = self.loop.schedule(after: delay) { [weak self] in self?.tick() }
        }
    }

    private func tick() {
        guard !self.hasLeft else { return }
        let now = Clocks.monotonicNanoseconds()
        let isEnding = self.endsSince != nil
        if !isEnding { self.providers?.keep(now: now) }
        if self.isAway {
            // Nothing is to be done but what needs no database.
            if self.isLate(now) { self.measure() }
            if isEnding, now >= self.endsAt { return self.leave() }
            return self.schedule(after: isEnding ? Self.pause / 10 : Self.pause)
        }
        let order = self.order(now)
        switch self.place {
        case .loop(let work): self.take(work.turn(order), now: now)
        case .thread(let thread):
            self.awaySince = now
            thread.order(order)
            self.schedule(after: Self.pause)
        }
    }

    /// What the loop keeps.
    private final class Bell: DescriptorHandler {
        private weak var ingest: JournalIngest?

        init(_ ingest: JournalIngest) {
            self.ingest = ingest
        }

        func ready(_ fd: Int32, _ readiness: Readiness) { self.ingest?.takeReport() }
    }

    private func takeReport() {
        guard case .thread(let thread) = self.place, let report = thread.report() else { return }
        self.awaySince = nil
        guard !self.hasLeft else { return }
        self.take(report, now: Clocks.monotonicNanoseconds())
    }

    private func order(_ now: UInt64) -> IngestOrder {
        var order = IngestOrder(now: now, wall: Clocks.wallMilliseconds())
        order.isEnding = self.endsSince != nil
        order.looksAgain = order.isEnding || !self.questions.isEmpty || now < self.looksAgainUntil
        if self.keepsLimits { order.linkedEdges = self.linked(.edge) }
        order.questions = Set(self.questions.keys)
        order.prices = self.news?.prices
        order.limitTable = self.news?.limitTable
        order.housekeeping = self.news?.housekeeping
        order.countsRoom = self.countsRoom
        self.countsRoom = false
        self.news = nil
        return order
    }

    /// `now` is when the turn was begun, on the loop, or when its report has come.
    private func take(_ report: IngestReport, now: UInt64) {
        let isEnding = self.endsSince != nil
        let limitCounts = report.limitCounts ?? self.last.limitCounts
        self.last = report
        self.last.limitCounts = limitCounts
        if report.isOpen { self.wasOpen = true }
        self.say(report.failure)
        for (question, fingerprints) in report.answers { self.questions.removeValue(forKey: question)?(fingerprints) }
        let upstreams = self.linked(.upstream)
        let isPending = self.providers?.release(report.standings, now: now) { upstreams.contains($0) } ?? false
        if let outcome = report.outcome {
            self.backoff = Self.pause
            if outcome == .idle, self.mayLeave(now) { return self.leave() }
            let isUrgent =
                isEnding || isPending || report.limits == .soon || report.housekeeping == .soon
                || now < self.looksAgainUntil
            let isNow = outcome == .more || report.limits == .now || self.news != nil
            self.schedule(after: isNow ? 0 : isUrgent ? Self.pause / 10 : Self.pause)
        } else {
            if let failure = report.failure, failure.fault == .file, !self.wasOpen {
                return self.whenUnusable(Self.unusable(failure))
            }
            self.schedule(after: isEnding ? Self.pause / 10 : self.jittered(self.backoff))
            self.backoff = min(self.backoff * 2, Self.longestBackoff)
        }
        if isEnding, now >= self.endsAt { self.leave() }
    }

    /// Hosts that share a database must not all come back to it at one moment; nobody shares a file.
    private func jittered(_ delay: UInt64) -> UInt64 {
        guard case .thread = self.place else { return delay }
        return .random(in: delay / 2...delay)
    }

    var isAway: Bool { self.awaySince != nil }

    /// The database says nothing.
    private func isLate(_ now: UInt64) -> Bool {
        guard let since = self.awaySince else { return false }
        return now >= since &+ Self.longestBackoff
    }

    /// How the journals grow is to be seen also while nothing is read.
    private func measure() {
        guard let bytes = try? JournalFolder.bytes(self.folder) else { return }
        let before = self.last.counts.journalBytes
        if bytes > before { self.last.counts.lag &+= bytes - before }
        self.last.counts.journalBytes = bytes
    }

    // MARK: The end

    /// The end has been said.
    private var hasLeft: Bool { self.endsSince != nil && self.whenDone == nil }

    private func mayLeave(_ now: UInt64) -> Bool {
        guard let since = self.endsSince else { return false }
        return !self.last.standings.hasLivingOwners || now >= since &+ Self.patience
    }

    private func leave() {
        guard let done = self.whenDone else { return }
        self.whenDone = nil
        if let timer = self.timer { self.loop.cancel(timer) }
        done()
    }

    // MARK: Saying

    /// Says what is wrong with the database once, and that it is over.
    private func say(_ error: DatabaseError?) {
        // Its words differ from time to time.
        guard error?.code != self.trouble else { return }
        if let error {
            self.log.error("usage database refuses; journals keep the records", ["error": .string("\(error)")])
        } else {
            self.log.info("usage database works again")
        }
        self.trouble = error?.code
    }
}
