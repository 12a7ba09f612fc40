import Domain
import Testing

@testable import Limits

/// A table that is full, and who has to go.
@Suite struct CapacityTests {
    @Test func aFullTableIsFullForNewKeysOnly() throws {
        let fixture = try LimitFixture(slots: 256)
        var counted: [LimitDemand.Entry] = []
        var full = 0
        for number in 1...400 {
            let entry = fixture.entry(.key, UInt64(number), [.totalTokens: 100])
            if fixture.request([entry], tokens: 60) { counted.append(entry) } else { full += 1 }
        }
        // Three quarters of 256; each has spent something for ever.
        #expect(counted.count == 192 && full == 208)
        #expect(fixture.reader.room().usedSlots == 192)
        for entry in counted {
            #expect(fixture.line(entry, .totalTokens)?.used == 60)
            #expect(fixture.admit([entry], tokens: 41).refusal != nil)
        }
        #expect(fixture.admit([fixture.entry(.key, 1_000)]) == .full)
        // Addresses have slots of their own.
        #expect(fixture.admit([fixture.entry(.address, 1)]).hold != nil)
    }

    @Test func anIdleKeyGivesItsSlot() throws {
        let fixture = try LimitFixture(slots: 256)
        // A key has 64 slots to be in, so the last free ones are found by some only.
        var users = 0
        for number in 1...600 where fixture.request([fixture.entry(.user, UInt64(number))]) { users += 1 }
        #expect(users == 192)
        #expect(fixture.admit([fixture.entry(.key, 1)]) == .full, "all were here in the last day")
        fixture.now += 2 * WindowMoment.day
        let holding = fixture.entry(.user, 1)
        let hold = try #require(fixture.admit([holding]).hold)
        var keys = 0
        for number in 1...600 where fixture.request([fixture.entry(.key, UInt64(number))]) { keys += 1 }
        #expect(keys == 191, "who holds something stays")
        let kept = (1...600).filter { fixture.line(fixture.entry(.key, UInt64($0)), .requestsPerMinute)?.used == 1 }
        #expect(kept.count == 191)
        #expect(fixture.admit([fixture.entry(.key, 5_000)]) == .full)
        #expect(fixture.line(holding, .concurrency)?.held == 1)
        fixture.settle(hold, [holding])
        #expect(fixture.reader.room().usedSlots == 192)
        #expect(fixture.line(fixture.entry(.user, 2), .requestsPerMinute) == nil)
    }

    @Test func spendOfAPeriodThatIsNotOverKeepsTheSlot() throws {
        let fixture = try LimitFixture(slots: 256)
        let moment = WindowMoment(fixture.now + 3 * WindowMoment.day)
        let image = fixture.owner.store.image(0)
        let entry = fixture.entry(.key, 1)
        image.reset(entry.key, .key)
        #expect(image.isIdle(moment, fixture.periods))
        var month = image.periods(SlotImage.Word.month)
        month.add(fixture.periods.month, tokens: 0, cost: 1)
        image.setPeriods(SlotImage.Word.month, month)
        #expect(!image.isIdle(moment, fixture.periods))
        var later = fixture.periods
        later.month += 1
        #expect(!image.isIdle(moment, later), "it may be this month still somewhere else")
        later.month += 1
        #expect(image.isIdle(moment, later))
        image[SlotImage.Word.totalCost] = 1
        #expect(!image.isIdle(moment, later))
    }

    @Test func ofAddressesTheOneNotSeenForLongestGoes() throws {
        let fixture = try LimitFixture(slots: 256)
        let holding = fixture.entry(.address, 1)
        let hold = try #require(fixture.admit([holding]).hold)
        for number in 2...64 {
            fixture.now += 1
            #expect(fixture.request([fixture.entry(.address, UInt64(number))], tokens: 5))
        }
        fixture.now += 1
        #expect(fixture.request([fixture.entry(.address, 2)]))
        fixture.now += 1
        // 64 slots are in each chain: every new one replaces an old one.
        #expect(fixture.request([fixture.entry(.anonymous, 100)]))
        #expect(fixture.line(fixture.entry(.address, 3), .requestsPerMinute) == nil)
        #expect(fixture.line(fixture.entry(.address, 2), .requestsPerMinute)?.used == 2)
        for number in 0..<1_000 {
            fixture.now += 1
            #expect(fixture.request([fixture.entry(.address, UInt64(1_000 + number))], tokens: 5))
        }
        #expect(fixture.line(holding, .concurrency)?.held == 1)
        #expect(fixture.line(fixture.entry(.address, 1_999), .requestsPerMinute)?.used == 1)
        fixture.settle(hold, [holding])
        #expect(fixture.reader.room().usedAddressSlots == 64)
        #expect(fixture.reader.room().freeCells > 16_384, "cells that were replaced are used again")
    }

    @Test func aTombstoneIsUsedAgainAndEndsNoChain() throws {
        let fixture = try LimitFixture(slots: 256)
        let mapping = fixture.table.mapping
        let entry = fixture.entry(.key, 5)
        let probe = SlotStore.Probe(entry.key, .key, mapping)
        // A process has died while it entered the same key further on.
        let (first, later) = (probe.slot(0), probe.slot(1))
        let cell = try #require(mapping.takeCell())
        let image = fixture.owner.store.image(0)
        image.reset(entry.key, .key)
        #expect(mapping.write(image, cell: cell))
        let nobody = SlotWord(raw: 0)
        #expect(mapping.exchangeSlot(first, nobody, nobody.tombstone))
        #expect(
            mapping.exchangeSlot(later, nobody, nobody.pending(fingerprint: probe.fingerprint, cell: cell)))
        #expect(fixture.line(entry, .requestsPerMinute) == nil, "what is pending counts for nobody")
        #expect(fixture.request([entry]))
        #expect(mapping.slot(first).isEstablished)
        #expect(mapping.slot(later).isTombstone)
        #expect(fixture.request([entry]))
        #expect(fixture.line(entry, .requestsPerMinute)?.used == 2)
    }

    @Test func keysFindSlotsUntilTheTableIsNearlyFull() throws {
        let fixture = try LimitFixture(slots: 16_384)
        let slots = fixture.reader.room().slots
        var entered = 0
        while fixture.request([fixture.entry(.key, UInt64(entered + 1))], tokens: 1) { entered += 1 }
        #expect(entered > slots * 80 / 100)
        // Each of them is where it is looked for.
        let lost = (1...entered).count { fixture.line(fixture.entry(.key, UInt64($0)), .totalTokens)?.used != 1 }
        #expect(lost == 0)
    }

    @Test func theFileGrowsInPiecesAndNeverPastItsEnd() throws {
        let fixture = try LimitFixture(slots: 32_768)
        let before = fixture.reader.room().bytes
        for number in 1...12_000 { #expect(fixture.request([fixture.entry(.key, UInt64(number))], tokens: 1)) }
        let room = fixture.reader.room()
        #expect(room.usedSlots == 12_000 && room.bytes > before)
        #expect(fixture.table.mapping.layout.totalWords * 8 >= room.bytes)
        let mapping = fixture.table.mapping
        mapping.setHeader(TableLayout.Header.nextCell, UInt64(mapping.layout.cells))
        #expect(mapping.takeCell() == nil)
        #expect(fixture.request([fixture.entry(.key, 1)], tokens: 1), "keys that are there go on")
        #expect(fixture.admit([fixture.entry(.key, 20_000)]) == .full)
    }

    @Test func seedsAreWhatCounts() throws {
        let fixture = try LimitFixture()
        let path = fixture.path + ".seeded"
        let table = try LimitTable.create(
            path, shape: LimitTableShape(slots: 256, places: 2, holdsPerPlace: 16), boot: LimitFixture.boot)
        var seed = LimitSeed()
        seed.requestsPerMinute = .init(current: 3, previous: 10)
        seed.tokensPerDay = .init(current: 50, previous: 0)
        seed.month = .init(current: LimitUse(tokens: 1, cost: 70), previous: LimitUse(tokens: 1, cost: 999))
        seed.total = LimitUse(tokens: 9, cost: 1_069)
        let entry = fixture.entry(.project, 3, [.requestsPerMinute: 20, .monthlyCost: 100, .tokensPerDay: 60])
        let seeder = LimitSeeder(table)
        for _ in 0..<2 {
            try seeder.seed(
                entry.key, .project, seed, periods: fixture.periods, window: fixture.now + 30_000)
        }
        #expect(throws: LimitTableError.self) { try LimitTable.open(path, .reading, boot: LimitFixture.boot) }
        try table.publish()
        let owner = LimitOwner(try LimitTable.open(path, .writing, boot: LimitFixture.boot))
        #expect(owner.join(1) == 0)
        let report = try #require(
            LimitReader(table).report(
                entry.key, .project, limits: entry.limits, periods: fixture.periods, window: fixture.now + 30_000))
        func line(_ kind: LimitKind) -> LimitReport.Line { report.lines[Int(kind.rawValue)] }
        #expect(line(.requestsPerMinute).used == 8 && line(.requestsPerMinute).remaining == 12)
        #expect(line(.requestsPerMinute).reset == 90_000)
        #expect(line(.tokensPerDay).used == 50 && line(.monthlyCost).remaining == 30 && line(.totalCost).used == 1_069)
        fixture.now += 30_000
        #expect(fixture.admit([entry], cost: 31, by: owner).refusal?.kind == .monthlyCost)
        #expect(fixture.admit([entry], tokens: 10, cost: 30, by: owner).hold != nil)
        #expect(LimitSeed.bounds(of: 60_000, at: 150_000).previous == 60_000)
        #expect(LimitSeed.bounds(of: 60_000, at: 150_000).current == 120_000)
    }
}
