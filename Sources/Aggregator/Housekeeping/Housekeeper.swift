import Database
import Domain
import EventLog
import Platform
import UsageStore

/// Does what runs by a schedule, a step at a time, between turns of reading journals.
///
/// Looks which period of which job has begun and is not served, claims it, so that of all hosts one does it, and works at it until it is
/// done. What was missed while nobody was there is made up for once, by the newest period. One job at a time; one user at a time. Time is
/// passed in.
final class Housekeeper {
    /// When it wants to be called again.
    enum Next: Hashable {
        case soon
        case later
    }

    /// Milliseconds for which a claim is taken and renewed: a host that says nothing for that long is taken for dead.
    static let hold: UInt64 = 300_000
    private static let second: UInt64 = 1_000_000_000
    private static let renewal = 60 * second
    /// Between two looks at what another host is doing.
    static let pause = 30 * second
    /// Milliseconds.
    private static let day: UInt64 = 86_400_000
    private static let longestBackoff = 60 * second

    private let host: UInt32
    private let log: Log
    private let stopwatch: () -> UInt64
    private var settings: HousekeepingSettings
    private(set) var counts = JobCounts()
    /// The last period of each job that needs no look any more.
    private var served: [Job: Int64] = [:]
    /// Monotonic; before it a job is not looked at.
    private var looksAt: [Job: UInt64] = [:]
    private var running: JobRunning?
    private var triesAt: UInt64 = 0
    private var backoff = Housekeeper.second
    private var trouble: DatabaseError.Code?

    /// `host` is this gateway's; `stopwatch` gives nanoseconds of any monotonic clock.
    init(
        host: UInt32, settings: HousekeepingSettings, log: Log,
        stopwatch: @escaping () -> UInt64 = Clocks.monotonicNanoseconds
    ) {
        self.host = host
        self.settings = settings
        self.log = log
        self.stopwatch = stopwatch
    }

    /// Of a new snapshot. What is under way goes on as it began.
    func update(_ settings: HousekeepingSettings) {
        self.settings = settings
    }

    /// Does one step of what is to be done, if anything is: some milliseconds of work. Not inside of a batch. `now` is monotonic in nanoseconds, `wall`
    /// in milliseconds since 1970.
    func step(_ sink: any UsageSink, now: UInt64, wall: UInt64) -> Next {
        guard now >= self.triesAt else { return .later }
        do throws(DatabaseError) {
            if self.running == nil { self.running = try self.begin(sink, now: now, wall: wall) }
            guard let running else { return .later }
            let isOurs = try self.advance(running, sink, now: now, wall: wall)
            if !isOurs { self.lose(running, now: now) }
            self.say(nil)
            return now < self.triesAt ? .later : .soon
        } catch {
            self.fail(error, sink, now: now, wall: wall)
            return .later
        }
    }

    // MARK: Beginning

    /// The first job that is due and that nobody else is at.
    private func begin(_ sink: any UsageSink, now: UInt64, wall: UInt64) throws(DatabaseError) -> JobRunning? {
        for job in Job.allCases {
            let schedule = self.settings.schedules[job]
            let seconds = Int64(clamping: wall / 1000)
            guard now >= self.looksAt[job] ?? 0,
                let period = schedule.due(after: self.served[job], now: seconds, in: self.settings.timeZone)
            else { continue }
            let standing = try sink.jobs.standing(of: job, until: period)
            if let doneAt = standing.doneAt { self.counts.doneAt[job] = doneAt }
            if let finished = standing.finished, finished >= period {
                self.served[job] = period
                continue
            }
            let claim = try sink.jobs.claim(
                job, period: period, host: self.host, now: wall, until: wall &+ Self.hold)
            guard let claim else {
                self.looksAt[job] = now &+ Self.pause
                continue
            }
            return JobRunning(claim, standing, begun: wall, renewsAt: now &+ Self.renewal)
        }
        return nil
    }

    // MARK: Working

    /// False when the job is somebody else's by now.
    private func advance(
        _ running: JobRunning, _ sink: any UsageSink, now: UInt64, wall: UInt64
    ) throws(DatabaseError) -> Bool {
        if now >= running.renewsAt {
            guard try sink.jobs.renew(running.claim, until: wall &+ Self.hold) else { return false }
            running.renewsAt = now &+ Self.renewal
        }
        let start = self.stopwatch()
        let step = try running.steps(sink) { self.steps(of: running, sink) }.step(limit: running.size.rows)
        running.size.took(self.stopwatch() &- start, isFull: step.isFull)
        running.amount &+= step.amount
        if step.state == .waits { self.triesAt = now &+ Self.pause }
        guard step.state == .done else { return true }
        guard try sink.jobs.finish(running.claim, .done, amount: running.amount, now: wall) else { return false }
        self.end(running, .done, wall: wall)
        return true
    }

    private func steps(of running: JobRunning, _ sink: any UsageSink) -> any JobSteps {
        switch running.claim.job {
        case .rollup: return RollupSteps(sink, days: Self.days(of: running))
        case .prune:
            var steps: [any JobSteps] = []
            if let kept = self.settings.requests, running.begun > kept {
                steps.append(sink.removal(ofRequestsBefore: running.begun - kept))
            }
            if let kept = self.settings.usage, running.begun > kept {
                steps.append(sink.removal(ofSumsBefore: Int64((running.begun - kept) / Self.day)))
            }
            return JobSequence(steps)
        }
    }

    /// The days that are over since the job was done last, and the last one before: by clocks that are far behind it was not over then.
    private static func days(of running: JobRunning) -> Range<Int64> {
        let period = running.claim.period
        let last = running.standing.done ?? period - 1
        return min(last, period) - 1..<period
    }

    // MARK: Ending

    private func end(_ running: JobRunning, _ result: JobResult, wall: UInt64) {
        self.running = nil
        let job = running.claim.job
        self.served[job] = running.claim.period
        self.counts.runs[JobCounts.Kind(job: job, result: result), default: 0] += 1
        if result == .done { self.counts.doneAt[job] = wall }
        let took = wall > running.begun ? wall - running.begun : 0
        self.log.info(
            result == .done ? "job done" : "job failed",
            [
                "job": .string(job.rawValue), "period": .int(running.claim.period), "rows": .int(running.amount),
                "milliseconds": .unsigned(took),
            ])
    }

    private func lose(_ running: JobRunning, now: UInt64) {
        self.running = nil
        self.looksAt[running.claim.job] = now &+ Self.pause
        self.log.warning(
            "job is another host's by now",
            ["job": .string(running.claim.job.rawValue), "period": .int(running.claim.period)])
    }

    private func fail(_ error: DatabaseError, _ sink: any UsageSink, now: UInt64, wall: UInt64) {
        self.say(error)
        self.triesAt = now &+ self.backoff
        self.backoff = min(self.backoff * 2, Self.longestBackoff)
        guard let running, !error.isRetryable else { return }
        // What this database will never do is not tried again and again; where even that cannot be said, the claim ends by itself.
        let isSaid = try? sink.jobs.finish(running.claim, .failed, amount: running.amount, now: wall)
        if isSaid == true { self.end(running, .failed, wall: wall) } else { self.lose(running, now: now) }
    }

    /// Says what is wrong once, and that it is over.
    private func say(_ error: DatabaseError?) {
        if error == nil { self.backoff = Self.second }
        guard error?.code != self.trouble else { return }
        self.trouble = error?.code
        guard let error else { return self.log.info("jobs go on") }
        let job = self.running?.claim.job.rawValue ?? "none"
        self.log.warning("a job cannot go on", ["job": .string(job), "error": .string("\(error)")])
    }
}
