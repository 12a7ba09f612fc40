import Database
import Domain
import Glibc
import Journal
import EventLog
import Platform
import UsageStore

/// Runs the `JournalTail` on the aggregator's loop: opens the usage database, reads five times a second, waits when the
/// database refuses, and reads everything to the end before the process leaves.
///
/// Lives on one `EpollLoop`. It owns the database. One turn takes one transaction at most, so that links and heartbeats are
/// served in between.
final class JournalIngest {
    private static let millisecond: UInt64 = 1_000_000
    /// Between two looks at the journals when nothing was left to read.
    static let pause = 200 * millisecond
    private static let longestBackoff = 5000 * millisecond
    private static let failuresBeforeReopening = 3
    /// How long the end waits for processes that still hold their journals.
    private static let patience = 1000 * millisecond
    /// How long the end may take in all.
    static let limit = 10_000 * millisecond

    var log: Log {
        didSet {
            self.tail?.log = self.log
            self.limits?.log = self.log
            self.providers?.log = self.log
        }
    }
    /// Keeps the limit table, which begins with what is in the usage database; nil where there is none.
    private let limits: LimitTableKeeper?
    /// Keeps the table that upstreams share.
    private let providers: ProviderTableKeeper?
    /// Whether a process of an instance lives for sure: it has a link.
    var isLinked: (Role, UInt32) -> Bool = { _, _ in false }
    private let loop: EpollLoop
    private let folder: String
    private let path: String
    private var prices: [Price]
    private(set) var writer: UsageWriter?
    private var tail: JournalTail?
    private var timer: LoopTimer?
    private var backoff = JournalIngest.pause
    private var trouble: String?
    /// What was counted before the database was opened anew, and what failed while there was none.
    private var counted = IngestCounts()
    private var failuresInARow = 0
    /// When the end began; it has been asked for.
    private var endsSince: UInt64?
    private var endsAt: UInt64 = 0
    private var whenDone: (() -> Void)?
    private var questions: [Question] = []
    /// Somebody has lost a link: until then who lives is asked at each look.
    private var looksAgainUntil: UInt64 = 0
    /// Everything that was there at the start has been read.
    private var isCaughtUp = false

    private struct Question {
        var owner: TailedOwner
        var role: Role
        var answer: ([UInt64]) -> Void
    }

    /// Whether the usage database is open.
    var isOpen: Bool { self.tail != nil }

    /// What it has counted, for metrics.
    var counts: IngestCounts { self.tail?.counts ?? self.counted }

    /// How the limit table is; nil where none is kept.
    var limitCounts: LimitCounts? { self.limits?.counts }

    /// Opens the database; what only takes time or space to get better is tried again later.
    ///
    /// - Throws: a line that names the file, and the place in it, when it is damaged or not ours. Nothing is changed then.
    init(
        loop: EpollLoop, stateDirectory: String, prices: [Price], limits: LimitTableKeeper? = nil,
        providers: ProviderTableKeeper? = nil, log: Log
    ) throws(StartFailure) {
        self.limits = limits
        self.providers = providers
        self.loop = loop
        self.log = log
        self.folder = JournalFolder.path(stateDirectory: stateDirectory)
        self.path = UsageSchema.path(stateDirectory: stateDirectory)
        // Control makes it at its start; what keeps it from being there is told when the database is opened.
        _ = unsafe mkdir(UsageSchema.folder(stateDirectory: stateDirectory), 0o700)
        self.prices = prices
        do throws(DatabaseError) {
            try self.open()
        } catch {
            guard error.fault != .file else {
                throw StartFailure("sluice-aggregator: \(error)", code: AggregatorExitCode.stateDamaged)
            }
            self.counted.databaseErrors += 1
            self.say(error)
        }
    }

    /// Begins to read.
    func start() {
        // Upstreams wait for it; it needs nothing of the database.
        self.providers?.keep(now: Clocks.monotonicNanoseconds())
        self.schedule(after: 0)
    }

    /// What a new snapshot says.
    func update(prices: [Price], limitTable: LimitTableSettings, upstreams: UInt16) {
        self.limits?.update(limitTable)
        self.providers?.update(upstreams: upstreams)
        self.providers?.keep(now: Clocks.monotonicNanoseconds())
        self.prices = prices
        guard let writer = self.writer else { return }
        do throws(DatabaseError) {
            try writer.add(prices: prices)
        } catch {
            // Opened anew, which adds them.
            self.close()
            self.counted.databaseErrors += 1
            self.say(error)
        }
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
        guard self.limits != nil || self.providers != nil else { return }
        self.looksAgainUntil = Clocks.monotonicNanoseconds() &+ 2 * Self.patience
        self.schedule(after: Self.pause / 20)
    }

    /// Calls `answer` with the fingerprints of what was in flight at a process when it died, as soon as all of its journal has
    /// been read. A question about the same process again replaces the one before.
    func suspects(host: UInt32, instance: UInt32, role: Role, answer: @escaping ([UInt64]) -> Void) {
        let owner = TailedOwner(host: host, instance: instance)
        self.questions.removeAll { $0.owner == owner }
        self.questions.append(Question(owner: owner, role: role, answer: answer))
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
        let now = Clocks.monotonicNanoseconds()
        let isEnding = self.endsSince != nil
        if !isEnding { self.providers?.keep(now: now) }
        do throws(DatabaseError) {
            if self.tail == nil { try self.open() }
            let looksAgain = isEnding || !self.questions.isEmpty || now < self.looksAgainUntil
            let outcome = try self.tail?.step(now: now, looksAgain: looksAgain) ?? .idle
            self.say(nil)
            self.failuresInARow = 0
            self.backoff = Self.pause
            if outcome == .idle { try self.answer() }
            if outcome == .idle, self.mayLeave(now) { return self.leave() }
            if outcome == .idle { self.isCaughtUp = true }
            let next = self.keepLimits(now)
            let isUrgent = isEnding || next == .soon || now < self.looksAgainUntil
            self.schedule(after: outcome == .more || next == .now ? 0 : isUrgent ? Self.pause / 10 : Self.pause)
        } catch {
            if self.tail == nil { self.counted.databaseErrors += 1 }
            self.say(error)
            // What does not pass by itself may be the connection's own trouble.
            self.failuresInARow += 1
            if self.failuresInARow % Self.failuresBeforeReopening == 0, error.fault != .contention { self.close() }
            self.schedule(after: isEnding ? Self.pause / 10 : self.backoff)
            self.backoff = min(self.backoff * 2, Self.longestBackoff)
        }
        if isEnding, now >= self.endsAt { self.leave() }
    }

    private func keepLimits(_ now: UInt64) -> LimitTableKeeper.Next {
        guard let tail = self.tail else { return .later }
        let isPending = self.providers?.release(tail, now: now) { self.isLinked(.upstream, $0) } ?? false
        guard let limits = self.limits else { return isPending ? .soon : .later }
        let next = limits.step(
            tail, isCaughtUp: self.isCaughtUp, now: now, wall: Clocks.wallMilliseconds()
        ) { self.isLinked(.edge, $0) }
        return isPending && next == .later ? .soon : next
    }

    private func open() throws(DatabaseError) {
        let writer = try UsageWriter(path: self.path)
        try writer.add(prices: self.prices)
        self.tail = try JournalTail(
            folder: self.folder, writer: writer, log: self.log, counts: self.counted)
        self.writer = writer
    }

    private func close() {
        self.counted = self.counts
        self.tail = nil
        self.writer = nil
    }

    private func answer() throws(DatabaseError) {
        guard let tail = self.tail, let writer = self.writer else { return }
        for question in self.questions where tail.isFinished(question.owner) {
            let fingerprints = try writer.suspects(
                host: question.owner.host, instance: question.owner.instance, role: question.role)
            self.questions.removeAll { $0.owner == question.owner }
            question.answer(fingerprints)
        }
    }

    // MARK: The end

    private func mayLeave(_ now: UInt64) -> Bool {
        guard let since = self.endsSince else { return false }
        return self.tail?.hasLivingOwners != true || now >= since &+ Self.patience
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
        let text = error.map { "\($0)" }
        guard text != self.trouble else { return }
        if let text {
            self.log.error("usage database refuses; journals keep the records", ["error": .string(text)])
        } else {
            self.log.info("usage database works again")
        }
        self.trouble = text
    }
}
