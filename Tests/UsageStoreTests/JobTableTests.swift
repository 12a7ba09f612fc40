import Database
import DatabaseTestSupport
import Domain
import Foundation
import Synchronization
import Testing

@testable import UsageStore

/// Who may do a job, on both databases.
@Suite struct JobTableTests {
    private static let minute: UInt64 = 60_000
    private static let now: UInt64 = 1_790_000_000_000

    @Test(arguments: TestStore.products) func aPeriodIsClaimedOnceAndFinishedOnce(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let jobs = try store.writer().jobs
        let now = Self.now
        #expect(try jobs.standing(of: .prune, until: .max) == JobStanding())
        let claim = try #require(try jobs.claim(.prune, period: 100, host: 1, now: now, until: now + Self.minute))
        #expect(claim == JobClaim(job: .prune, period: 100, host: 1, number: 1))
        #expect(try jobs.standing(of: .prune, until: .max) == JobStanding())
        // Nobody else, neither for it nor for another period or job.
        #expect(try jobs.claim(.prune, period: 100, host: 2, now: now + 1, until: now + Self.minute) == nil)
        #expect(try jobs.claim(.prune, period: 101, host: 2, now: now + 1, until: now + Self.minute) == nil)
        #expect(try jobs.claim(.rollup, period: 100, host: 2, now: now, until: now + Self.minute) == nil)
        #expect(try jobs.finish(claim, .done, amount: 5, now: now + 7))
        // An answer that was lost is asked for again.
        #expect(try jobs.finish(claim, .done, amount: 5, now: now + 7))
        #expect(
            try jobs.standing(of: .prune, until: 100) == JobStanding(finished: 100, done: 100, doneAt: now + 7))
        for host: UInt32 in [1, 2] {
            let later = now + 100 * Self.minute
            #expect(try jobs.claim(.prune, period: 100, host: host, now: later, until: later + 1) == nil)
        }
        let run = JobRun(
            job: .prune, period: 100, host: 1, started: now, heldUntil: now + Self.minute, finished: now + 7,
            result: .done, amount: 5)
        #expect(try jobs.runs(.prune, limit: 2) == [run])
        #expect(try jobs.claim(.rollup, period: 100, host: 2, now: now, until: now + Self.minute) != nil)
        #expect(try jobs.runs(.rollup, limit: 2).map(\.result) == [nil])
    }

    @Test(arguments: TestStore.products) func whatADeadHostHasBegunIsTakenOver(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let jobs = try store.writer().jobs
        let now = Self.now
        let first = try #require(try jobs.claim(.prune, period: 1, host: 1, now: now, until: now + 10))
        #expect(try jobs.renew(first, until: now + 20))
        #expect(try jobs.claim(.prune, period: 1, host: 2, now: now + 19, until: now + 50) == nil)
        let second = try #require(try jobs.claim(.prune, period: 1, host: 2, now: now + 20, until: now + 50))
        #expect(second.number == 2)
        // The one before was only stopped for a while: it has nothing to say any more.
        #expect(try !jobs.renew(first, until: now + 1000))
        #expect(try !jobs.finish(first, .done, amount: 1, now: now + 30))
        // The host's own process was started again.
        let third = try #require(try jobs.claim(.prune, period: 1, host: 2, now: now + 21, until: now + 60))
        #expect(third.number == 3)
        #expect(try !jobs.finish(second, .failed, amount: 0, now: now + 30))
        #expect(try jobs.finish(third, .failed, amount: 0, now: now + 30))
        #expect(try jobs.standing(of: .prune, until: 1) == JobStanding(finished: 1))
    }

    /// What nobody has finished is not made up for; it does not stand in the way once its time is over.
    @Test(arguments: TestStore.products) func anOlderPeriodIsLeftWhereItIs(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let jobs = try store.writer().jobs
        let now = Self.now
        _ = try #require(try jobs.claim(.rollup, period: 7, host: 1, now: now, until: now + 10))
        #expect(try jobs.claim(.rollup, period: 8, host: 2, now: now + 9, until: now + 30) == nil)
        let claim = try #require(try jobs.claim(.rollup, period: 8, host: 2, now: now + 10, until: now + 30))
        #expect(try jobs.finish(claim, .done, amount: 0, now: now + 11))
        #expect(try jobs.runs(.rollup, limit: 5).map(\.period) == [8, 7])
        #expect(try jobs.runs(.rollup, limit: 1).map(\.period) == [8])
    }

    @Test(arguments: TestStore.products) func periodsOfAWrongClockDoNotCount(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let jobs = try store.writer().jobs
        let now = Self.now
        for (period, result) in [(10, .done), (11, .failed), (40_000, .done)] as [(Int64, JobResult)] {
            let claim = try #require(try jobs.claim(.prune, period: period, host: 1, now: now, until: now + 10))
            #expect(try jobs.finish(claim, result, amount: 0, now: now + UInt64(period)))
        }
        #expect(try jobs.standing(of: .prune, until: 12) == JobStanding(finished: 11, done: 10, doneAt: now + 10))
        #expect(try jobs.standing(of: .prune, until: 9) == JobStanding())
    }

    /// Four hosts find the same period due at the same moment, fifty times.
    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)")) func hostsThatRaceDoItOnce() throws {
        let store = try TestStore(.postgres)
        #expect(try store.writer().jobs.runs(.prune, limit: 1) == [])
        let databases = (UInt32(1)...4).map { store.database(host: $0) }
        let winners = Mutex<[Int64: [UInt32]]>([:])
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { index in
            let host = UInt32(index + 1)
            do {
                let jobs = try databases[index].writer().jobs
                for period in Int64(1)...50 {
                    let until = Self.now + UInt64(period) * Self.minute
                    guard let claim = try jobs.claim(.prune, period: period, host: host, now: Self.now, until: until)
                    else { continue }
                    winners.withLock { $0[period, default: []].append(host) }
                    guard try jobs.finish(claim, .done, amount: Int64(host), now: Self.now) else {
                        throw DatabaseError(path: "", operation: "", code: 1, message: "lost \(claim)")
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        let all = winners.withLock { $0 }
        #expect(all.values.allSatisfy { $0.count == 1 })
        let runs = try store.writer().jobs.runs(.prune, limit: 100)
        #expect(runs.map(\.period) == (1...50).reversed().filter { all[$0] != nil })
        #expect(runs.allSatisfy { $0.result == .done && all[$0.period] == [$0.host] })
        // Whoever finds another at work at the period before leaves that one alone; the last one stands alone.
        #expect(all[50] != nil)
    }
}
