import Domain
import Foundation
import Testing

@testable import Limits

/// A table in a folder of its own, and a clock.
final class LimitFixture {
    static let boot = BootID(high: 0x1234_5678_9ABC_DEF0, low: 0x0FED_CBA9_8765_4321)
    /// The beginning of a day of the table's clock.
    static let dawn: UInt64 = 20_000 * WindowMoment.day
    static let periods = CalendarPeriods(day: 20_000, week: 2_857, month: 24_300)

    let folder: URL
    let table: LimitTable
    let owner: LimitOwner
    let reader: LimitReader
    /// Milliseconds of the table's clock.
    var now = LimitFixture.dawn
    var periods = LimitFixture.periods
    private var records: UInt64 = 0

    var path: String { self.folder.appendingPathComponent("limits.table").path }
    var time: LimitTime { LimitTime(window: self.now, wall: 0) }

    init(slots: Int = 1_024, places: Int = 4, holds: Int = 64, join: UInt32 = 7) throws {
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent("limits-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        self.table = try LimitTable.create(
            self.folder.appendingPathComponent("limits.table").path,
            shape: LimitTableShape(slots: slots, places: places, holdsPerPlace: holds), boot: Self.boot)
        try self.table.publish()
        self.owner = LimitOwner(self.table)
        self.reader = LimitReader(self.table)
        try #require(self.owner.join(join) == 0)
    }

    deinit {
        try? FileManager.default.removeItem(at: self.folder)
    }

    /// Another process at the same table, as it were: a mapping of its own.
    func another(_ instance: UInt32) throws -> LimitOwner {
        let owner = LimitOwner(try LimitTable.open(self.path, .writing, boot: Self.boot))
        try #require(owner.join(instance) != nil)
        return owner
    }

    func entry(_ scope: LimitScope, _ number: UInt64, _ limits: [LimitKind: Int64] = [:]) -> LimitDemand.Entry {
        let key =
            scope.isByAddress
            ? LimitKey(scope, address: number) : LimitKey(scope, EntityID(high: number, low: UInt64(scope.rawValue)))
        return LimitDemand.Entry(key: key, scope: scope, limits: LimitSet(limits), periods: self.periods)
    }

    func record() -> RecordID {
        self.records += 1
        return RecordID(high: 77, low: self.records)
    }

    func admit(
        _ entries: [LimitDemand.Entry], requests: Int64 = 1, tokens: Int64 = 0, cost: Int64 = 0,
        by owner: LimitOwner? = nil, record: RecordID? = nil
    ) -> LimitVerdict {
        (owner ?? self.owner).admit(
            LimitDemand(entries: entries, requests: requests, tokens: tokens, cost: cost),
            record: record ?? self.record(), at: self.time)
    }

    @discardableResult
    func settle(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64 = 0, cost: Int64 = 0,
        soft: UInt8 = 80, by owner: LimitOwner? = nil
    ) -> [LimitCrossing] {
        (owner ?? self.owner).settle(
            hold, entries, tokens: tokens, cost: cost, softPercent: soft, at: self.time)
    }

    /// Admits and settles at once; whether it was admitted.
    func request(_ entries: [LimitDemand.Entry], tokens: Int64 = 0, cost: Int64 = 0) -> Bool {
        guard let hold = self.admit(entries, tokens: tokens, cost: cost).hold else { return false }
        self.settle(hold, entries, tokens: tokens, cost: cost)
        return true
    }

    func line(_ entry: LimitDemand.Entry, _ kind: LimitKind) -> LimitReport.Line? {
        self.reader.report(
            entry.key, entry.scope, limits: entry.limits, periods: entry.periods, window: self.now
        )?.lines[Int(kind.rawValue)]
    }
}

extension LimitVerdict {
    var hold: LimitHold? {
        guard case .admitted(let hold, _) = self else { return nil }
        return hold
    }

    var refusal: LimitRefusal? {
        guard case .refused(let refusal, _) = self else { return nil }
        return refusal
    }

    var standing: LimitStanding? {
        switch self {
        case .admitted(_, let standing), .refused(_, let standing): standing
        case .full: nil
        }
    }
}
