import Database
import Domain
import Foundation
import Journal
import Limits
import Platform
import Testing
import UsageStore

@testable import Aggregator

/// What one core takes from journals into the database, files and checksums included. On demand, in a release build:
/// `SLUICE_BENCHMARK=1 swift test -c release -Xswiftc -enable-testing --filter TailBenchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCHMARK"] == "1"), .serialized)
struct TailBenchmark {
    private func threadSeconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func fourRecordsEach() throws {
        let scene = try JournalScene()
        let edge = try scene.journal(.edge, 7, segmentSize: 4 << 20)
        let upstream = try scene.journal(.upstream, 9, segmentSize: 4 << 20)
        let tail = try scene.tail()
        let rounds = 200
        let perRound = 2000
        var cpu = 0.0
        var wall = 0.0
        for _ in 0..<rounds {
            for _ in 0..<perRound { scene.request(edge, upstream) }
            let began = Date()
            let before = self.threadSeconds()
            try scene.drain(tail)
            cpu += self.threadSeconds() - before
            wall += Date().timeIntervalSince(began)
        }
        let total = Double(rounds * perRound)
        print("tail: \(Int(total / wall)) requests/s, \(cpu / total * 1e6) µs CPU a request")
        #expect(tail.counts.records == UInt64(total) * 4)
        #expect(total / cpu >= 20_000)
        // Nothing new: what a look costs that finds nothing, five times a second.
        let before = self.threadSeconds()
        for _ in 0..<100 { _ = try scene.step(tail) }
        print("tail: \((self.threadSeconds() - before) / 100 * 1e6) µs CPU a look that finds nothing")
        // The sums that a new limit table begins with.
        let keeper = LimitTableKeeper(
            stateDirectory: scene.state.path, host: JournalScene.host, settings: LimitTableSettings(),
            boot: try BootID.current(), log: JournalScene.log
        ) { () throws(DatabaseError) in try UsageReader(path: scene.database) }
        let start = self.threadSeconds()
        while keeper.step(
            tail.standings, isCaughtUp: true, now: 0, wall: Clocks.wallMilliseconds(), isLinked: { _ in false })
            == .now
        {}
        print("limits: \((self.threadSeconds() - start) / total * 1e6) µs CPU a request to begin with")
        #expect(keeper.counts.tablesMade == 1)
    }
}
