import Domain
import Foundation
import Platform
import TestSupport
import Testing

@testable import Limits

/// Files that are no tables, and tables with bytes that nobody has written.
@Suite struct DamageTests {
    @Test func whatIsNoTableIsNotOpened() throws {
        let fixture = try LimitFixture(slots: 256, places: 2, holds: 16)
        let boot = LimitFixture.boot
        let path = fixture.folder.appendingPathComponent("other").path
        #expect { try LimitTable.open(path, .writing, boot: boot) } throws: {
            ($0 as? LimitTableError)?.isMissing == true
        }
        #expect(throws: LimitTableError.table(path: fixture.path, .boot)) {
            try LimitTable.open(fixture.path, .reading, boot: BootID(high: 1, low: 2))
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
        for (bytes, problem) in [
            (Data(), LimitTableError.Problem.damaged), (whole.prefix(4_096), .damaged),
            (whole.prefix(whole.count - 4_096), .damaged), (Data(count: whole.count), .damaged),
        ] {
            try bytes.write(to: URL(fileURLWithPath: path))
            #expect(throws: LimitTableError.table(path: path, problem)) {
                try LimitTable.open(path, .reading, boot: boot)
            }
        }
        var other = whole
        other[8] = 2
        try other.write(to: URL(fileURLWithPath: path))
        #expect(throws: LimitTableError.table(path: path, .format(2))) {
            try LimitTable.open(path, .reading, boot: boot)
        }
        #expect(throws: LimitTableError.table(path: path, .shape)) {
            try LimitTable.create(path, shape: LimitTableShape(slots: 10, places: 1), boot: boot)
        }
        #expect(throws: LimitTableError.self) {
            try LimitTable.create(path + "/none/table", shape: LimitTableShape(slots: 256, places: 1), boot: boot)
        }
    }

    @Test func aTableThatIsNotPublishedGoesAway() throws {
        let fixture = try LimitFixture()
        let path = fixture.folder.appendingPathComponent("second").path
        let shape = LimitTableShape(slots: 256, places: 1, holdsPerPlace: 16)
        var table: LimitTable? = try LimitTable.create(path, shape: shape, boot: LimitFixture.boot)
        #expect(FileManager.default.fileExists(atPath: path + ".new"))
        #expect(table?.shape == shape && table?.isCurrent == false)
        table = nil
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
        #expect(fixture.table.isCurrent)
        try LimitTable.create(fixture.path, shape: shape, boot: LimitFixture.boot).publish()
        #expect(!fixture.table.isCurrent)
        #expect(fixture.request([fixture.entry(.key, 1)]), "who has mapped it keeps it")
        let mode = try FileManager.default.attributesOfItem(atPath: fixture.path)[.posixPermissions] as? Int
        // Nothing for others; whether the group reads it is the process's mask.
        #expect(mode.map { $0 & 0o137 } == 0)
    }

    @Test func theBootIDIsTheKernels() throws {
        #expect(try BootID.current() == BootID.current())
        #expect(
            BootID(text: Array("01234567-89ab-cdef-fedc-ba9876543210\n".utf8))
                == BootID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210))
        for text in ["", "01234567-89ab-cdef-fedc-ba987654321", "01234567-89AB-cdef-fedc-ba9876543210", "x"] {
            #expect(BootID(text: Array(text.utf8)) == nil)
        }
    }

    @Test func theClockBeginsAtTheWallAndGoesOn() throws {
        let fixture = try LimitFixture()
        let wall = Clocks.wallMilliseconds()
        let window = fixture.owner.windowTime()
        #expect(window > wall - 60_000 && window < wall + 60_000)
        #expect(fixture.owner.windowTime() >= window)
    }

    /// Random bytes in a table in use, 2,000 times: whatever the verdicts are, there are some, and nobody waits or dies.
    @Test func damagedTablesAreUsedWithoutHarm() throws {
        var random = SplitMix(seed: 99)
        let fixture = try LimitFixture(slots: 256, places: 2, holds: 16)
        let entries = [
            fixture.entry(.project, 1, [.totalCost: 1 << 40]), fixture.entry(.key, 1), fixture.entry(.address, 1),
        ]
        for number in 0..<40 { _ = fixture.request([fixture.entry(.key, UInt64(number))], tokens: 1) }
        let holds = (0..<8).compactMap { _ in fixture.admit(entries, tokens: 5, cost: 5).hold }
        #expect(holds.count == 8)
        let layout = fixture.table.mapping.layout
        // The part of the file that is in use.
        let used = (layout.cellsStart + 80 * layout.cellWords) * 8
        let whole = try FileHandle(forReadingFrom: URL(fileURLWithPath: fixture.path)).read(upToCount: used) ?? Data()
        #expect(whole.count == used)
        let areas = [
            0..<4_096, 4_096..<(layout.holdsStart * 8), (layout.holdsStart * 8)..<(layout.cellsStart * 8),
            (layout.cellsStart * 8)..<used,
        ]
        let path = fixture.folder.appendingPathComponent("damaged").path
        var (opened, decided) = (0, 0)
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        for round in 0..<2_000 {
            var bytes = whole
            for _ in 0..<(1 + random.next() % 400) {
                let area = areas[Int(random.next() % 4)]
                let at = area.lowerBound + Int(random.next() % UInt64(area.count))
                // The words that open the file are spared in most rounds, so that more than the opening is seen.
                if at < 72, round % 10 != 0 { continue }
                bytes[at] = random.next() % 3 == 0 ? 0xFF : UInt8(truncatingIfNeeded: random.next())
            }
            try file.truncate(atOffset: 0)
            try file.truncate(atOffset: UInt64(layout.totalWords * 8))
            try file.seek(toOffset: 0)
            try file.write(contentsOf: bytes)
            guard let table = try? LimitTable.open(path, .writing, boot: LimitFixture.boot) else { continue }
            opened += 1
            let recovery = LimitRecovery(table)
            for owner in recovery.owners() {
                let outcomes = Dictionary(
                    recovery.openHolds(of: owner.instance).map { ($0.record, $0.held) }, uniquingKeysWith: { $1 })
                _ = try? recovery.recover(owner.instance, outcomes: outcomes, at: fixture.time)
            }
            let owner = LimitOwner(table)
            guard owner.join(50) != nil else { continue }
            for _ in 0..<3 {
                let verdict = fixture.admit(entries, tokens: 5, cost: 5, by: owner)
                guard let hold = verdict.hold else { continue }
                decided += 1
                _ = owner.extend(hold, entries, tokens: 1, cost: 1, at: fixture.time)
                fixture.settle(hold, entries, tokens: 3, cost: 3, by: owner)
            }
            _ = owner.count(entries[2], at: fixture.time)
            let reader = LimitReader(table)
            for entry in entries {
                _ = reader.report(
                    entry.key, entry.scope, limits: entry.limits, periods: entry.periods, window: fixture.now)
            }
            #expect(reader.room().usedPlaces >= 1)
            owner.leave()
        }
        #expect(opened > 1_500 && decided > 1_000)
    }
}
