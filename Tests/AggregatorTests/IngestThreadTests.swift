import Database
import Domain
import EventLog
import Glibc
import IPC
import Journal
import Platform
import Synchronization
import Testing

@testable import Aggregator
@testable import UsageStore

/// A database that takes its time keeps the loop from nothing.
@Suite struct IngestThreadTests {
    /// Opens when it is told to.
    private final class Gate: Sendable {
        private let isOpen = Mutex(false)
        let tries = Mutex(0)

        func open() { self.isOpen.withLock { $0 = true } }

        func wait() {
            self.tries.withLock { $0 += 1 }
            while !self.isOpen.withLock({ $0 }) { usleep(1000) }
        }
    }

    private let scene: JournalScene
    private let loop: EpollLoop

    init() throws {
        self.scene = try JournalScene()
        self.loop = try EpollLoop()
    }

    private func work(_ connect: @escaping () throws(DatabaseError) -> any UsageSink) -> IngestWork {
        IngestWork(folder: self.scene.folder, prices: [], limits: nil, log: JournalScene.log, connect: connect)
    }

    /// On a thread, with a database that cannot be opened before the gate is open.
    private func ingest(behind gate: Gate) throws -> JournalIngest {
        let path = self.scene.database
        return try JournalIngest(
            loop: self.loop,
            work: self.work { () throws(DatabaseError) in
                gate.wait()
                return try UsageWriter(path: path)
            }, isOnThread: true, log: JournalScene.log)
    }

    private func run(until condition: () throws -> Bool) throws {
        let deadline = Clocks.monotonicNanoseconds() + 10_000_000_000
        while try !condition(), Clocks.monotonicNanoseconds() < deadline {
            try self.loop.turn(waitingAtMost: 20_000_000)
        }
        #expect(try condition())
    }

    @Test func theLoopGoesOnWhileTheDatabaseIsSlow() throws {
        let gate = Gate()
        let ingest = try self.ingest(behind: gate)
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<100 { self.scene.request(edge, upstream) }
        ingest.start()
        try self.run { gate.tries.withLock { $0 } == 1 }
        var ticks = 0
        for _ in 0..<5 { self.loop.schedule(after: 1_000_000) { ticks += 1 } }
        try self.run { ticks == 5 }
        #expect(ingest.isAway)
        #expect(!ingest.isOpen)
        gate.open()
        try self.run { ingest.counts.records == 400 }
        #expect(ingest.isOpen)
        // Never two at a time.
        #expect(gate.tries.withLock { $0 } == 1)
        #expect(try self.scene.count("SELECT count(*) FROM requests WHERE rank = 3") == 100)
    }

    @Test func theEndDoesNotWaitForADatabaseThatIsAway() throws {
        let gate = Gate()
        let ingest = try self.ingest(behind: gate)
        let edge = try self.scene.journal(.edge, 7)
        edge.settle(self.scene.settle(self.scene.mint()), edge.begin(self.scene.begin(self.scene.mint())))
        edge.close()
        ingest.start()
        var done = 0
        ingest.finish(within: 300_000_000) { done += 1 }
        try self.run { done == 1 }
        #expect(try self.scene.files().count == 1)
        gate.open()
    }

    @Test func whileTheDatabaseIsAwayTheDeadAreKnownAndTheJournalsMeasured() throws {
        let away = DatabaseError(path: "there", operation: "open", code: 14, message: "away")
        let work = self.work { () throws(DatabaseError) in throw away }
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        self.scene.request(edge, upstream)
        upstream.close()
        let report = work.turn(IngestOrder(now: 1, wall: 1, looksAgain: true))
        #expect(report.failure == away)
        #expect(report.outcome == nil)
        #expect(report.counts.databaseErrors == 1)
        #expect(report.counts.lag > 0)
        #expect(report.counts.journalBytes > 0)
        #expect(report.standings.standing(of: TailedOwner(host: JournalScene.host, instance: 7)) == .living)
        #expect(report.standings.standing(of: TailedOwner(host: JournalScene.host, instance: 9)) == .unread)
    }

    @Test func aDatabaseThatCanNeverBeUsedIsSaid() throws {
        let newer = DatabaseError(path: "there", operation: "open", code: 26, message: "newer", fault: .file)
        let ingest = try JournalIngest(
            loop: self.loop,
            work: self.work { () throws(DatabaseError) in throw newer }, isOnThread: true, log: JournalScene.log)
        var failure: StartFailure?
        ingest.whenUnusable = { failure = $0 }
        ingest.start()
        try self.run { failure != nil }
        #expect(failure.map { ExitCode.meansCannotStart($0.code) } == true)
    }
}
