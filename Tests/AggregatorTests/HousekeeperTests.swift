import Database
import DatabaseTestSupport
import Domain
import EventLog
import Foundation
import Synchronization
import Testing

@testable import Aggregator
@testable import UsageStore

/// Jobs under a clock of the test: each once in each of its periods, whatever happens to the hosts and to the clock.
@Suite struct HousekeeperTests {
    private typealias Scene = HousekeepingScene

    private static let prune = Schedule.standardPrune
    private static let rollup = Schedule.standardRollup
    /// Europe/Berlin in 2026.
    private static let berlin = TimeZoneRules(
        name: "Europe/Berlin", initialOffset: 3600,
        transitions: [.init(at: 1_774_746_000, offset: 7200), .init(at: 1_792_890_000, offset: 3600)])
    /// Friday, 20 November 2026, 12:00 in UTC, and its day.
    private static let friday: Int64 = 1_795_176_000
    private static let fridaysDay: Int64 = 20_777

    @Test(arguments: Scene.products) func bothTimesAreMissedAndMadeUpForOnce(_ product: DatabaseProduct) throws {
        let scene = try Scene(product, at: Self.friday)
        let settings = HousekeepingSettings(requests: 32 * Scene.day)
        var host = try scene.host(settings)
        host.work(at: scene)
        // Nothing is known of the times before: they count as missed.
        #expect(try scene.finished(.rollup) == [Self.fridaysDay])
        #expect(try scene.finished(.prune) == [Self.fridaysDay - 5])
        scene.pass(30 * Scene.hour)
        host.work(at: scene)
        #expect(try scene.finished(.rollup) == [Self.fridaysDay, Self.fridaysDay + 1])
        // Down from Saturday evening until Tuesday noon.
        scene.pass(66 * Scene.hour)
        host = try scene.host(settings)
        host.work(at: scene)
        #expect(host.runs(.rollup) == 1 && host.runs(.prune) == 1)
        #expect(
            try scene.finished(.rollup) == [Self.fridaysDay, Self.fridaysDay + 1, Self.fridaysDay + 4])
        #expect(try scene.finished(.prune) == [Self.fridaysDay - 5, Self.fridaysDay + 2])
        // Again and again, and after a restart, nothing is to do until the next time.
        for _ in 0..<12 {
            scene.pass(Scene.hour)
            #expect(host.work(at: scene) == 0)
            #expect(try scene.host(settings).work(at: scene) == 0)
        }
        scene.pass(2 * Scene.hour)
        host.work(at: scene)
        #expect(try scene.finished(.rollup).last == Self.fridaysDay + 5)
        // Two months of downtime, until Sunday, 02:00: one run each, of the newest period.
        scene.pass(60 * Scene.day)
        host = try scene.host(settings)
        host.work(at: scene)
        #expect(host.runs(.rollup) == 1 && host.runs(.prune) == 1)
        #expect(try scene.finished(.rollup).suffix(2) == [Self.fridaysDay + 5, Self.fridaysDay + 65])
        #expect(try scene.finished(.prune).suffix(2) == [Self.fridaysDay + 2, Self.fridaysDay + 65])
    }

    /// Looked at every ten minutes for three weeks, while clocks are put forward or back over both times.
    @Test(arguments: Scene.products, [Int64(1_774_746_000), 1_792_890_000])
    func clocksThatChangeMakeNoDifference(_ product: DatabaseProduct, _ change: Int64) throws {
        let scene = try Scene(product, at: change - 10 * 86_400)
        let schedule = try #require(Schedule("02:30"))
        let settings = HousekeepingSettings(
            schedules: JobSchedules(rollup: schedule, prune: try #require(Schedule("Sun 02:00"))),
            timeZone: Self.berlin)
        let host = try scene.host(settings)
        var times: [(Job, UInt64)] = []
        for _ in 0..<(21 * 144) {
            let before = (host.runs(.rollup), host.runs(.prune))
            host.work(at: scene)
            if host.runs(.rollup) > before.0 { times.append((.rollup, scene.wall / 1000)) }
            if host.runs(.prune) > before.1 { times.append((.prune, scene.wall / 1000)) }
            scene.pass(10 * Scene.minute)
        }
        let first = change / 86_400 - 10
        // It was 02:00 and becomes 03:00, or the other way round.
        let days = change < 1_780_000_000 ? (first - 1)...(first + 21) : first...(first + 20)
        #expect(try scene.finished(.rollup) == Array(days))
        #expect(host.runs(.rollup) == UInt64(days.count))
        #expect(host.runs(.prune) == 4)
        #expect(try scene.finished(.prune) == [first - 4, first + 3, first + 10, first + 17])
        // Within ten minutes of the time; on the day that has none, of the end of the gap.
        for (job, time) in times.dropFirst(2) {
            let schedule = settings.schedules[job]
            let start = try #require(
                schedule.newest(at: Int64(time), in: Self.berlin).flatMap { schedule.start(of: $0, in: Self.berlin) })
            #expect(Int64(time) - start < 600)
        }
    }

    @Test(arguments: Scene.products) func ofTwoHostsOneDoesIt(_ product: DatabaseProduct) throws {
        let scene = try Scene(product, at: Self.friday)
        let settings = HousekeepingSettings(requests: 32 * Scene.day)
        let hosts = try [scene.host(1, settings), scene.host(2, settings)]
        for turn in 0..<40 {
            // Sometimes one of them, sometimes the other is there first; they go on by turns.
            let order = turn % 3 == 0 ? hosts.reversed() : hosts
            for _ in 0..<20 { for host in order { _ = host.step(at: scene) } }
            scene.pass(6 * Scene.hour)
        }
        // From Friday noon until the Monday after the next, 06:00.
        let days = Int64(11)
        #expect(try scene.finished(.rollup) == (0..<days).map { Self.fridaysDay + $0 })
        #expect(hosts[0].runs(.rollup) + hosts[1].runs(.rollup) == UInt64(days))
        #expect(hosts.allSatisfy { $0.runs(.rollup) > 0 })
        #expect(hosts[0].runs(.prune) + hosts[1].runs(.prune) == 2 + 1)
        #expect(try scene.finished(.prune) == [-5, 2, 9].map { Self.fridaysDay + $0 })
        // Both know when it was done last.
        #expect(hosts[0].housekeeper.counts.doneAt[.rollup] == hosts[1].housekeeper.counts.doneAt[.rollup])
    }

    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func ofThreeThatRaceOneDoesIt() throws {
        let scene = try Scene(.postgres, at: Self.friday)
        try scene.fill((0..<2000).map { UInt64(Self.friday) * 1000 - 80 * Scene.day + $0 * Scene.minute })
        let settings = HousekeepingSettings(requests: 32 * Scene.day)
        let databases = (UInt32(1)...3).map { scene.database($0) }
        let (now, wall) = (scene.now, scene.wall)
        let runs = Mutex<[JobCounts.Kind: UInt64]>([:])
        DispatchQueue.concurrentPerform(iterations: 3) { index in
            let housekeeper = Housekeeper(host: UInt32(index + 1), settings: settings, log: JournalScene.log)
            guard let sink = try? databases[index].writer() else { return }
            for step in 0..<400 {
                // Their clocks stand, but for what lets them look again.
                _ = housekeeper.step(sink, now: now + UInt64(step) * Housekeeper.pause, wall: wall)
            }
            let counts = housekeeper.counts.runs
            runs.withLock { $0.merge(counts, uniquingKeysWith: +) }
        }
        #expect(runs.withLock { $0 } == [.init(job: .rollup, result: .done): 1, .init(job: .prune, result: .done): 1])
        #expect(try scene.finished(.prune) == [Self.fridaysDay - 5])
        #expect(try scene.requests() == 0)
    }

    @Test(arguments: Scene.products) func whatADeadHostLeavesIsFinishedByAnother(_ product: DatabaseProduct) throws {
        let scene = try Scene(product, at: Self.friday)
        try scene.fill((0..<3000).map { UInt64(Self.friday) * 1000 - 60 * Scene.day + $0 * 1000 })
        let settings = HousekeepingSettings(requests: 32 * Scene.day)
        var first: Scene.Host? = try scene.host(1, settings)
        let second = try scene.host(2, settings)
        // The roll-up, and of the removal a few steps.
        first?.work(at: scene, steps: 3)
        #expect(first?.runs(.prune) == 0)
        let left = try scene.requests()
        #expect(left < 3000 && left > 0)
        first = nil
        for _ in 0..<9 {
            #expect(second.work(at: scene) == 0)
            scene.pass(Housekeeper.hold / 10)
        }
        #expect(try scene.requests() == left)
        scene.pass(Housekeeper.hold / 10)
        second.work(at: scene)
        #expect(second.runs(.prune) == 1 && second.runs(.rollup) == 0)
        #expect(try scene.requests() == 0)
        #expect(try scene.finished(.prune) == [Self.fridaysDay - 5])
        // The host itself comes back: at once it would take up what it had left, but that is done.
        let again = try scene.host(1, settings)
        again.work(at: scene)
        #expect(again.runs(.prune) == 0)
    }

    @Test(arguments: Scene.products) func whoeverWorksLongKeepsItAndWhoeverSleptHasLostIt(
        _ product: DatabaseProduct
    ) throws {
        let scene = try Scene(product, at: Self.friday)
        try scene.fill((0..<2000).map { UInt64(Self.friday) * 1000 - 60 * Scene.day + $0 * 100 })
        let settings = HousekeepingSettings(requests: 32 * Scene.day)
        let first = try scene.host(1, settings, pace: 40_000_000)
        let second = try scene.host(2, settings, pace: 40_000_000)
        #expect(first.step(at: scene) == .soon)
        for _ in 0..<10 {
            #expect(first.step(at: scene) == .soon)
            scene.pass(Scene.minute)
            #expect(second.step(at: scene) == .later)
        }
        let left = try scene.requests()
        #expect(left > 0)
        // It is stopped for longer than anybody waits, and goes on when the other is at it.
        scene.pass(Housekeeper.hold)
        #expect(second.step(at: scene) == .soon)
        #expect(first.step(at: scene) == .soon)
        #expect(first.step(at: scene) == .later)
        #expect(try scene.requests() < left)
        second.work(at: scene)
        #expect(first.runs(.prune) == 0 && second.runs(.prune) == 1)
        #expect(try scene.finished(.prune) == [Self.fridaysDay - 5])
    }

    // MARK: What is removed

    @Test(arguments: Scene.products) func requestsAreKeptForTheirTimeAndSnapshotsChangeIt(
        _ product: DatabaseProduct
    ) throws {
        let scene = try Scene(product, at: Self.friday)
        let now = UInt64(Self.friday) * 1000
        try scene.fill((1...100).reversed().map { now - $0 * Scene.day })
        let host = try scene.host(HousekeepingSettings())
        host.work(at: scene)
        // For ever.
        #expect(host.runs(.prune) == 1)
        #expect(try scene.requests() == 100)
        host.housekeeper.update(HousekeepingSettings(requests: 90 * Scene.day))
        #expect(host.work(at: scene) == 0)
        // At the next time, which comes in two days: Sunday, 02:00.
        scene.pass(2 * Scene.day - 10 * Scene.hour - 1)
        host.work(at: scene)
        #expect(try scene.requests() == 100)
        scene.pass(1)
        host.work(at: scene)
        #expect(try scene.requests() == 88)
        let run = try #require(try JobTable(scene.connection()).runs(.prune, limit: 1).first)
        #expect(run.result == .done && run.finished == scene.wall)
        if product == .sqlite { #expect(run.amount == 12) }
        // Every day at noon from now on; this day's period has been served.
        host.housekeeper.update(
            HousekeepingSettings(
                schedules: JobSchedules(prune: try #require(Schedule("12:00"))), requests: 40 * Scene.day))
        host.work(at: scene)
        #expect(try scene.requests() == 88)
        scene.pass(34 * Scene.hour - 1)
        host.work(at: scene)
        #expect(try scene.requests() == 88)
        scene.pass(1)
        host.work(at: scene)
        #expect(try scene.requests() == 37)
    }

    // MARK: Trouble

    @Test func whatPassesIsTriedAgainAndSaidOnce() throws {
        let scene = try Scene(.sqlite, at: Self.friday)
        try scene.fill([1000])
        let host = try scene.host(HousekeepingSettings(requests: 32 * Scene.day))
        let sink = try #require(host.sink as? UsageWriter)
        try sink.database.execute("PRAGMA busy_timeout = 1")
        let other = try scene.connection()
        try other.begin()
        for _ in 0..<5 {
            #expect(host.step(at: scene) == .later)
            scene.pass(1)
            // Not asked again for a while.
            #expect(host.step(at: scene) == .later)
            scene.pass(Scene.minute)
        }
        other.rollback()
        host.work(at: scene)
        #expect(host.runs(.prune) == 1 && host.runs(.rollup) == 1)
        #expect(try scene.requests() == 0)
    }

    @Test func whatNeverPassesIsGivenUpUntilTheNextTime() throws {
        let scene = try Scene(.sqlite, at: Self.friday)
        try scene.fill([1000])
        let host = try scene.host(HousekeepingSettings(requests: 32 * Scene.day))
        let other = try scene.connection()
        try other.execute("ALTER TABLE attempts RENAME TO elsewhere")
        for _ in 0..<10 {
            host.work(at: scene)
            scene.pass(Scene.minute)
        }
        #expect(host.runs(.rollup) == 1)
        #expect(host.runs(.prune) == 0 && host.runs(.prune, .failed) == 1)
        #expect(try JobTable(other).runs(.prune, limit: 2).map(\.result) == [.failed])
        #expect(host.housekeeper.counts.doneAt[.prune] == nil)
        try other.execute("ALTER TABLE elsewhere RENAME TO attempts")
        scene.pass(Scene.day)
        host.work(at: scene)
        #expect(try scene.requests() == 1)
        scene.pass(Scene.day)
        host.work(at: scene)
        #expect(host.runs(.prune) == 1)
        #expect(try scene.requests() == 0)
    }

    // MARK: Steps

    @Test func stepsTakeSomeMilliseconds() {
        var size = StepSize()
        for _ in 0..<20 { size.took(1_000_000, isFull: true) }
        #expect(size.rows == 20_000)
        size.took(31_000_000, isFull: true)
        #expect(size.rows == 10_000)
        size.took(20_000_000, isFull: true)
        #expect(size.rows == 10_000)
        // Nothing was there to be removed.
        size.took(1000, isFull: false)
        #expect(size.rows == 10_000)
        for _ in 0..<20 { size.took(.max, isFull: false) }
        #expect(size.rows == 50)
    }
}
