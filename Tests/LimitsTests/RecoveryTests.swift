import Domain
import Testing

@testable import Limits

/// What a dead process leaves, and how it is ended.
@Suite struct RecoveryTests {
    private let limits: [LimitKind: Int64] = [.concurrency: 10, .totalTokens: 10_000, .dailyCost: 10_000]

    private func entries(_ fixture: LimitFixture) -> [LimitDemand.Entry] {
        [
            fixture.entry(.organization, 1, self.limits), fixture.entry(.project, 1, self.limits),
            fixture.entry(.key, 1, self.limits), fixture.entry(.user, 1, self.limits),
            fixture.entry(.address, 1, self.limits),
        ]
    }

    @Test func outcomesCountOnceAndThePlaceIsFree() throws {
        let fixture = try LimitFixture()
        let entries = self.entries(fixture)
        let dead = try fixture.another(8)
        let records = (0..<3).map { _ in fixture.record() }
        for record in records {
            _ = try #require(fixture.admit(entries, tokens: 100, cost: 200, by: dead, record: record).hold)
        }
        let living = try #require(fixture.admit(entries, tokens: 10, cost: 20).hold)
        let recovery = LimitRecovery(try LimitTable.open(fixture.path, .writing, boot: LimitFixture.boot))
        let holds = recovery.openHolds(of: 8)
        #expect(holds.map(\.record) == records)
        #expect(holds.allSatisfy { $0.held == LimitUse(tokens: 100, cost: 200) && $0.settled == nil })
        let outcomes = [records[0]: LimitUse(tokens: 70, cost: 80), records[1]: LimitUse(tokens: 100, cost: 200)]
        #expect(try recovery.recover(8, outcomes: outcomes, at: fixture.time))
        #expect(try !recovery.recover(8, outcomes: outcomes, at: fixture.time))
        #expect(recovery.openHolds(of: 8).isEmpty && recovery.owners().map(\.instance) == [7])
        for entry in entries {
            #expect(fixture.line(entry, .totalTokens)?.used == 170)
            #expect(fixture.line(entry, .dailyCost)?.used == 280)
            #expect(fixture.line(entry, .totalTokens)?.held == 10)
            #expect(fixture.line(entry, .concurrency)?.held == 1)
            #expect(fixture.line(entry, .requestsPerMinute)?.used == 4)
        }
        fixture.settle(living, entries, tokens: 5, cost: 5)
        let next = try fixture.another(9)
        #expect(fixture.admit(entries, by: next).hold?.place == 0)
        #expect(recovery.openHolds(of: 9).count == 1)
    }

    /// A process that dies after `applied` of the five exchanges of a settle.
    @Test(arguments: 0...5)
    func aSettleThatWasHalfApplied(_ applied: Int) throws {
        let fixture = try LimitFixture()
        let entries = self.entries(fixture)
        let dead = try fixture.another(8)
        // One before it, all of it: the sequence goes on.
        fixture.settle(
            try #require(fixture.admit(entries, by: dead).hold), entries, tokens: 1, cost: 1, by: dead)
        let record = fixture.record()
        let hold = try #require(fixture.admit(entries, tokens: 100, cost: 200, by: dead, record: record).hold)
        let other = fixture.record()
        _ = try #require(fixture.admit(entries, tokens: 50, cost: 50, by: dead, record: other).hold)
        try Self.settle(hold, entries, LimitUse(tokens: 30, cost: 40), by: dead, fixture, slots: applied)
        let recovery = LimitRecovery(fixture.table)
        let found = try #require(recovery.openHolds(of: 8).first { $0.record == record })
        #expect(found.settled == LimitUse(tokens: 30, cost: 40))
        // Once more with what the journal says: the same.
        #expect(
            try recovery.recover(
                8, outcomes: [record: LimitUse(tokens: 30, cost: 40), other: LimitUse(tokens: 7, cost: 8)],
                at: fixture.time))
        for entry in entries {
            #expect(fixture.line(entry, .totalTokens)?.used == 38)
            #expect(fixture.line(entry, .dailyCost)?.used == 49)
            #expect(fixture.line(entry, .totalTokens)?.held == 0)
            #expect(fixture.line(entry, .concurrency)?.held == 0)
        }
    }

    /// A recovery that dies after some slots and is begun again by another process.
    @Test(arguments: 0...5)
    func aRecoveryThatIsBegunAgain(_ done: Int) throws {
        let fixture = try LimitFixture()
        let entries = self.entries(fixture)
        let dead = try fixture.another(8)
        let record = fixture.record()
        _ = try #require(fixture.admit(entries, tokens: 100, cost: 200, by: dead, record: record).hold)
        let outcomes = [record: LimitUse(tokens: 60, cost: 70)]
        let moment = WindowMoment(fixture.now)
        for entry in entries.prefix(done) {
            let image = fixture.owner.store.image(0)
            let slot = try #require(
                fixture.owner.store.open(entry.key, entry.scope, into: image, moment, entry.periods))
            image.use(LimitUse(tokens: 60, cost: 70), moment, entry.periods)
            image.clear(place: 1)
            #expect(fixture.owner.store.swap(slot, image))
        }
        #expect(try LimitRecovery(fixture.table).recover(8, outcomes: outcomes, at: fixture.time))
        for entry in entries {
            #expect(fixture.line(entry, .totalTokens)?.used == 60)
            #expect(fixture.line(entry, .concurrency)?.held == 0)
        }
    }

    /// A process that dies while it admits: some slots are held, others are not.
    @Test(arguments: 0...5)
    func anAdmissionThatWasHalfMade(_ held: Int) throws {
        let fixture = try LimitFixture()
        let entries = self.entries(fixture)
        let dead = try fixture.another(8)
        let record = fixture.record()
        let hold = try #require(fixture.admit(entries, tokens: 100, cost: 200, by: dead, record: record).hold)
        let list = try #require(dead.holds)
        let moment = WindowMoment(fixture.now)
        for index in held..<5 {
            let image = dead.store.image(0)
            let entry = entries[index]
            let slot = try #require(
                dead.store.open(entry.key, entry.scope, into: image, moment, entry.periods))
            image.clear(place: list.place)
            #expect(dead.store.swap(slot, image))
        }
        #expect(list.entry(hold) != nil)
        #expect(try LimitRecovery(fixture.table).recover(8, outcomes: [:], at: fixture.time))
        for entry in entries {
            #expect(fixture.line(entry, .totalTokens)?.used == 0)
            #expect(fixture.line(entry, .totalTokens)?.held == 0)
            #expect(fixture.line(entry, .concurrency)?.held == 0)
        }
    }

    @Test func whatWasUsedBeforeMidnightCountsThere() throws {
        let fixture = try LimitFixture()
        let before = self.entries(fixture)
        let dead = try fixture.another(8)
        let record = fixture.record()
        _ = try #require(fixture.admit(before, cost: 9, by: dead, record: record).hold)
        fixture.periods.day += 1
        _ = try LimitRecovery(fixture.table).recover(
            8, outcomes: [record: LimitUse(tokens: 0, cost: 9)], at: fixture.time)
        #expect(fixture.line(before[0], .dailyCost)?.used == 9)
        #expect(fixture.line(self.entries(fixture)[0], .dailyCost)?.used == 0)
        #expect(fixture.line(before[0], .totalCost)?.used == 9)
    }

    /// What `LimitOwner.settle` does, up to a number of slots.
    private static func settle(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], _ use: LimitUse, by owner: LimitOwner,
        _ fixture: LimitFixture, slots: Int
    ) throws {
        let list = try #require(owner.holds)
        let entry = try #require(list.entry(hold))
        let held = list.held(entry)
        let want = SlotImage.Want(requests: 0, tokens: held.tokens, cost: held.cost, isOneMore: true)
        owner.sequence += 1
        list.settle(entry, use, sequence: owner.sequence)
        let moment = WindowMoment(fixture.now)
        for given in entries.prefix(slots) {
            let image = owner.store.image(0)
            let slot = try #require(
                owner.store.open(given.key, given.scope, into: image, moment, given.periods))
            image.release(want, place: list.place, instance: owner.instance)
            image.use(use, moment, given.periods)
            image.setSequence(owner.sequence, place: list.place)
            #expect(owner.store.swap(slot, image))
        }
    }
}
