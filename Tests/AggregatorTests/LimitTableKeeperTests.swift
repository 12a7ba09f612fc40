import Database
import Domain
import Foundation
import Journal
import Limits
import Platform
import Testing
import UsageStore

@testable import Aggregator

/// The table is made, kept and filled; what dead edges hold comes back.
@Suite struct LimitTableKeeperTests {
    private static let second: UInt64 = 1_000_000_000
    private static let boot = BootID(high: 1, low: 2)
    private let scene: JournalScene
    private var settings = LimitTableSettings()
    private let wall: UInt64 = 1_790_000_100_000

    init() throws {
        self.scene = try JournalScene()
        self.settings.slots = 1024
        self.settings.places = 4
    }

    private var path: String { LimitTable.path(stateDirectory: self.scene.state.path) }

    private func keeper(_ settings: LimitTableSettings? = nil, boot: BootID = boot) -> LimitTableKeeper {
        LimitTableKeeper(
            stateDirectory: self.scene.state.path, host: JournalScene.host, settings: settings ?? self.settings,
            boot: boot, log: JournalScene.log
        ) { [path = self.scene.database] () throws(DatabaseError) in try UsageReader(path: path) }
    }

    private func step(
        _ keeper: LimitTableKeeper, _ tail: JournalTail, at now: UInt64 = 0, linked: Set<UInt32> = []
    ) -> LimitTableKeeper.Next {
        keeper.step(tail.standings, isCaughtUp: true, now: now, wall: self.wall) { linked.contains($0) }
    }

    private func open() throws -> LimitTable {
        try LimitTable.open(self.path, .writing, boot: Self.boot)
    }

    private func line(_ kind: LimitKind, _ key: LimitKey, _ scope: LimitScope) throws -> LimitReport.Line {
        let report = try LimitReader(self.open()).report(
            key, scope, limits: LimitSet(), periods: CalendarPeriods(at: Int64(self.wall / 1000), in: .utc),
            window: self.wall)
        return try #require(report?.lines.first { $0.kind == kind })
    }

    private var key: LimitKey { LimitKey(.key, .standard) }

    private func entry() -> LimitDemand.Entry {
        LimitDemand.Entry(
            key: self.key, scope: .key, limits: LimitSet([.totalTokens: 1_000_000]),
            periods: CalendarPeriods(at: Int64(self.wall / 1000), in: .utc))
    }

    // MARK: Making

    @Test func aTableIsMadeWhenEverythingWasRead() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<20 { self.scene.request(edge, upstream) }
        let tail = try self.scene.tail()
        let keeper = self.keeper()
        #expect(keeper.step(tail.standings, isCaughtUp: false, now: 0, wall: self.wall) { _ in false } == .later)
        #expect(throws: LimitTableError.self) { try self.open() }
        try self.scene.drain(tail)
        #expect(self.step(keeper, tail) == .soon)
        let table = try self.open()
        #expect(table.shape == LimitTableShape(self.settings))
        #expect(keeper.counts.tablesMade == 1)
        #expect(keeper.counts.room?.usedSlots == 5)
        // 3 and 4 tokens each, 70 nano-dollars; 99 seconds ago.
        #expect(try self.line(.totalTokens, self.key, .key).used == 140)
        #expect(try self.line(.monthlyCost, LimitKey(.project, .standard), .project).used == 1400)
        #expect(try self.line(.requestsPerDay, .global, .global).used == 20)
        #expect(try self.line(.totalCost, LimitKey(model: Array("fast".utf8)), .model).used == 1400)
        // It stays, for another process of the same start of the host too.
        #expect(self.step(keeper, tail, at: 5 * Self.second) == .later)
        #expect(self.step(self.keeper(), tail) == .later)
        #expect(table.isCurrent)
    }

    /// Requests are removed after a time, and their sums after a longer one: what was ever used counts all the same.
    @Test func whatWasUsedByRequestsThatAreGoneCounts() throws {
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        for _ in 0..<20 { self.scene.request(edge, upstream) }
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        let writer = try UsageWriter(path: self.scene.database)
        let later: UInt64 = 1_800_000_000_000
        func run(_ steps: any JobSteps) throws { while try steps.step(limit: 7).state != .done {} }
        try run(writer.removal(ofRequestsBefore: later))
        #expect(try self.scene.count("SELECT count(*) FROM requests") == 0)
        for step in 0..<2 {
            let keeper = self.keeper(boot: BootID(high: 5, low: UInt64(step)))
            #expect(self.step(keeper, tail) == .soon)
            #expect(keeper.counts.tablesMade == 1)
            let table = try LimitTable.open(self.path, .writing, boot: BootID(high: 5, low: UInt64(step)))
            let periods = CalendarPeriods(at: Int64(self.wall / 1000), in: .utc)
            for (key, scope) in [(self.key, .key), (.global, .global)] as [(LimitKey, LimitScope)] {
                let report = try #require(
                    LimitReader(table).report(
                        key, scope, limits: LimitSet(), periods: periods, window: self.wall))
                func used(_ kind: LimitKind) -> Int64? { report.lines.first { $0.kind == kind }?.used }
                #expect(used(.totalTokens) == 140)
                #expect(used(.totalCost) == 1400)
                // Of the present nothing is known any more.
                #expect(used(.monthlyCost) == 0)
            }
            try run(writer.removal(ofSumsBefore: Int64(later / 86_400_000)))
            #expect(try self.scene.count("SELECT count(*) FROM rollup_days") == 0)
        }
    }

    @Test func anotherBootOrShapeOrNoFileMeansAnotherTable() throws {
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        #expect(self.step(self.keeper(), tail) == .soon)
        let first = try self.open()
        var larger = self.settings
        larger.slots = 2048
        let keeper = self.keeper(larger)
        #expect(self.step(keeper, tail) == .soon)
        #expect(!first.isCurrent)
        let second = try self.open()
        #expect(second.shape.slots == 2048)
        // A new snapshot.
        keeper.update(self.settings)
        #expect(self.step(keeper, tail, at: 1) == .soon)
        #expect(try self.open().shape.slots == 1024)
        // Somebody takes it away.
        try FileManager.default.removeItem(atPath: self.path)
        #expect(self.step(keeper, tail, at: 2) == .later)
        #expect(self.step(keeper, tail, at: 2 * Self.second) == .soon)
        // The host was started again.
        let next = BootID(high: 5, low: 6)
        #expect(self.step(self.keeper(boot: next), tail) == .soon)
        #expect(try LimitTable.open(self.path, .reading, boot: next).shape.slots == 1024)
        // And a file that is none.
        try self.scene.state.write("limits/limits.table", [1, 2, 3])
        #expect(self.step(self.keeper(), tail) == .soon)
        #expect(try self.open().isCurrent)
    }

    @Test func whatCannotBeMadeIsTriedAgain() throws {
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        let keeper = self.keeper()
        let obstacle = self.path + ".new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        #expect(self.step(keeper, tail) == .later)
        #expect(self.step(keeper, tail, at: Self.second - 1) == .later)
        #expect(keeper.counts.room == nil)
        try FileManager.default.removeItem(atPath: obstacle)
        #expect(self.step(keeper, tail, at: Self.second - 1) == .later)
        #expect(self.step(keeper, tail, at: Self.second) == .soon)
        #expect(try self.open().isCurrent)
    }

    @Test func manyRowsAreSummedInSteps() throws {
        let edge = try self.scene.journal(.edge, 7, segmentSize: 4 << 20)
        let upstream = try self.scene.journal(.upstream, 9, segmentSize: 4 << 20)
        for _ in 0..<6000 { self.scene.request(edge, upstream) }
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        let first = self.keeper()
        #expect(self.step(first, tail) == .now)
        #expect(throws: LimitTableError.self) { try self.open() }
        // Another process begins at the beginning.
        let second = self.keeper()
        #expect(self.step(second, tail) == .now)
        #expect(self.step(second, tail) == .soon)
        #expect(try self.line(.totalTokens, self.key, .key).used == 42_000)
        #expect(try self.line(.requestsPerDay, self.key, .key).used == 6000)
    }

    // MARK: Recovery

    /// An edge that holds 100 tokens and 1000 nano-dollars for each of five requests, and dies: one is settled, one settled by its
    /// upstream, one runs at the upstream, one was never sent, one is half settled by itself.
    private func death(
        _ tail: JournalTail, _ keeper: LimitTableKeeper
    ) throws -> (edge: LimitOwner, upstream: JournalWriter, running: RecordID, sent: JournalWriter.Admission) {
        try self.scene.drain(tail)
        #expect(self.step(keeper, tail) == .soon)
        let owner = LimitOwner(try self.open())
        try #require(owner.join(7) != nil)
        let edge = try self.scene.journal(.edge, 7)
        let upstream = try self.scene.journal(.upstream, 9)
        let records = (0..<4).map { _ in self.scene.mint() }
        var begun: [JournalWriter.Admission] = []
        for record in records {
            let demand = LimitDemand(entries: [self.entry()], tokens: 100, cost: 1000)
            let verdict = owner.admit(
                demand, record: record, at: LimitTime(window: self.wall, wall: Int64(self.wall / 1000)))
            guard case .admitted = verdict else { throw CancellationError() }
            begun.append(edge.begin(self.scene.begin(record)))
        }
        for record in records.prefix(2) {
            upstream.attemptEnd(self.scene.end(record), upstream.attempt(self.scene.attempt(record)))
        }
        edge.settle(self.scene.settle(records[0]), begun[0])
        let sent = upstream.attempt(self.scene.attempt(records[2]))
        edge.close()
        return (owner, upstream, records[2], sent)
    }

    private func used() throws -> [Int64] {
        try [LimitKind.totalTokens, .totalCost, .monthlyCost].flatMap { kind in
            let line = try self.line(kind, self.key, .key)
            return [line.used, line.held]
        }
    }

    @Test func holdsOfTheDeadEndByTheirRecords() throws {
        let tail = try self.scene.tail()
        let keeper = self.keeper()
        let death = try self.death(tail, keeper)
        #expect(try self.used() == [0, 400, 0, 4000, 0, 4000])
        let start = 10 * Self.second
        // Not read yet, or linked: it lives.
        #expect(self.step(keeper, tail, at: start) == .soon)
        #expect(self.step(keeper, tail, at: start, linked: [7]) == .later)
        try self.scene.drain(tail)
        #expect(self.step(keeper, tail, at: start) == .soon)
        #expect(self.step(keeper, tail, at: start + Self.second / 2) == .soon)
        #expect(try self.used() == [0, 400, 0, 4000, 0, 4000])
        // The upstream has aborted the call that ran.
        var end = self.scene.end(death.running)
        end.usage = TokenUsage(input: 20)
        end.cost = 200
        death.upstream.attemptEnd(end, death.sent)
        try self.scene.drain(tail)
        #expect(self.step(keeper, tail, at: start + Self.second / 2) == .later)
        // 7 twice, 20, and nothing for the one that was never sent.
        #expect(try self.used() == [34, 0, 340, 0, 340, 0])
        #expect(keeper.counts.recoveredHolds == 4)
        #expect(keeper.counts.room?.usedPlaces == 0)
        #expect(self.step(keeper, tail, at: start + 3 * Self.second) == .later)
        #expect(try self.used() == [34, 0, 340, 0, 340, 0])
    }

    @Test func whatNobodyKnowsIsWhatWasHeld() throws {
        let tail = try self.scene.tail()
        let keeper = self.keeper()
        let death = try self.death(tail, keeper)
        try self.scene.drain(tail)
        #expect(self.step(keeper, tail, at: 10 * Self.second) == .soon)
        #expect(self.step(keeper, tail, at: 11 * Self.second - 1) == .soon)
        #expect(self.step(keeper, tail, at: 11 * Self.second) == .later)
        #expect(try self.used() == [114, 0, 1140, 0, 1140, 0])
        death.upstream.close()
    }

    @Test func aProcessThatWasKilledIsFollowedByAnother() throws {
        var death: (edge: LimitOwner, upstream: JournalWriter, running: RecordID, sent: JournalWriter.Admission)?
        do {
            let tail = try self.scene.tail()
            let keeper = self.keeper()
            death = try self.death(tail, keeper)
            death?.upstream.close()
            // The journals are read and gone, and that is all.
            try self.scene.drain(tail)
        }
        #expect(try self.scene.files().isEmpty)
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        let keeper = self.keeper()
        #expect(self.step(keeper, tail, at: 20 * Self.second) == .soon)
        // It may live, and have no journal and no link yet.
        #expect(self.step(keeper, tail, at: 20 * Self.second + 1, linked: [7]) == .later)
        #expect(self.step(keeper, tail, at: 21 * Self.second) == .soon)
        #expect(self.step(keeper, tail, at: 22 * Self.second) == .later)
        #expect(try self.used() == [114, 0, 1140, 0, 1140, 0])
        #expect(keeper.counts.tablesMade == 0)
        // And again, by a third.
        let third = self.keeper()
        #expect(self.step(third, tail, at: 23 * Self.second) == .later)
        #expect(self.step(third, tail, at: 25 * Self.second) == .later)
        #expect(try self.used() == [114, 0, 1140, 0, 1140, 0])
    }

    @Test func anEdgeThatLivesKeepsWhatItHolds() throws {
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        let keeper = self.keeper()
        #expect(self.step(keeper, tail) == .soon)
        let owner = LimitOwner(try self.open())
        try #require(owner.join(7) != nil)
        let edge = try self.scene.journal(.edge, 7)
        _ = edge.begin(self.scene.begin(self.scene.mint()))
        try self.scene.drain(tail)
        for second in 1...5 { #expect(self.step(keeper, tail, at: UInt64(second) * Self.second) == .later) }
        #expect(keeper.counts.room?.usedPlaces == 1)
        #expect(owner.leave())
        #expect(keeper.counts.room?.usedPlaces == 0)
    }
}
