import Domain
import Foundation
import Journal
import Limits
import Platform
import Testing

@testable import Aggregator

/// The table that upstreams share is made and kept, and places of dead upstreams come back.
@Suite struct ProviderTableKeeperTests {
    private static let second: UInt64 = 1_000_000_000
    private static let boot = BootID(high: 1, low: 2)
    private let scene: JournalScene

    init() throws {
        self.scene = try JournalScene()
    }

    private var path: String { LimitTable.providersPath(stateDirectory: self.scene.state.path) }

    private func keeper(upstreams: UInt16 = 4, boot: BootID = boot) -> ProviderTableKeeper {
        ProviderTableKeeper(
            stateDirectory: self.scene.state.path, host: JournalScene.host, upstreams: upstreams, boot: boot,
            log: JournalScene.log)
    }

    private func open(_ boot: BootID = boot) throws -> LimitTable {
        try LimitTable.open(self.path, .writing, boot: boot)
    }

    @Test func itIsThereAtOnceAndStays() throws {
        let keeper = self.keeper()
        keeper.keep(now: 0)
        let table = try self.open()
        #expect(table.shape == LimitTableShape(slots: 8_192, places: 12, holdsPerPlace: 4_096, boardEntries: 8_192))
        let entry = try #require(HealthBoard(table)?.enter(.provider("p")))
        // Another aggregator goes on with it.
        self.keeper().keep(now: 0)
        #expect(table.isCurrent)
        // It is made anew when it goes away, is damaged, or is to have other places.
        try FileManager.default.removeItem(atPath: self.path)
        keeper.keep(now: Self.second / 2)
        #expect(throws: LimitTableError.self) { try self.open() }
        keeper.keep(now: Self.second)
        let second = try self.open()
        #expect(HealthBoard(second)?.find(.provider("p")) == nil && entry >= 0)
        try Data(count: 100).write(to: URL(fileURLWithPath: self.path))
        self.keeper().keep(now: 0)
        #expect(try self.open().shape.places == 12)
        keeper.update(upstreams: 6)
        keeper.keep(now: Self.second)
        #expect(try self.open().shape.places == 16)
        let other = BootID(high: 3, low: 4)
        self.keeper(upstreams: 6, boot: other).keep(now: 0)
        #expect(try self.open(other).shape.places == 16)
    }

    @Test func whereNothingCanBeMadeItIsTriedAgain() throws {
        let keeper = self.keeper()
        let folder = LimitTable.providersFolder(stateDirectory: self.scene.state.path)
        try FileManager.default.removeItem(atPath: folder)
        keeper.keep(now: 0)
        #expect(throws: LimitTableError.self) { try self.open() }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        keeper.keep(now: Self.second)
        #expect(try self.open().isCurrent)
    }

    @Test func placesOfTheDeadComeBack() throws {
        let keeper = self.keeper()
        keeper.keep(now: 0)
        let journal = try self.scene.journal(.upstream, 9)
        let tail = try self.scene.tail()
        try self.scene.drain(tail)
        func join(_ instance: UInt32) throws -> LimitOwner {
            let owner = LimitOwner(try self.open())
            try #require(owner.join(instance) != nil)
            return owner
        }
        let entry = LimitDemand.Entry(
            key: .global, scope: .global, limits: LimitSet([.concurrency: 2, .tokensPerMinute: 100]),
            periods: CalendarPeriods(day: 1, week: 1, month: 1))
        func admit(_ owner: LimitOwner) -> Bool {
            let time = LimitTime(window: owner.windowTime(), wall: 0)
            let demand = LimitDemand(entries: [entry], tokens: 40)
            guard case .admitted = owner.admit(demand, record: self.scene.mint(), at: time) else { return false }
            return true
        }
        let (dead, living, linked) = (try join(8), try join(9), try join(10))
        #expect(admit(dead) && admit(living) && !admit(linked))
        func release(_ now: UInt64) -> Bool { keeper.release(tail.standings, now: now) { $0 == 10 } }
        // One without a journal and without a link may still be coming.
        #expect(release(Self.second) && release(Self.second + Self.second / 2))
        #expect(!admit(linked))
        #expect(!release(2 * Self.second))
        let owners = Set(LimitRecovery(try self.open()).owners().map(\.instance))
        #expect(owners == [9, 10])
        // What it has held is not counted as used.
        #expect(admit(linked) && !admit(linked))
        let report = LimitReader(try self.open()).report(
            .global, .global, limits: entry.limits, periods: entry.periods, window: living.windowTime())
        #expect(report?.lines[Int(LimitKind.tokensPerMinute.rawValue)].used == 0)
        // One whose journal says that it is dead is released at once.
        journal.close()
        try self.scene.drain(tail)
        _ = release(3 * Self.second)
        #expect(!release(4 * Self.second))
        #expect(LimitRecovery(try self.open()).owners().map(\.instance) == [10])
    }
}
