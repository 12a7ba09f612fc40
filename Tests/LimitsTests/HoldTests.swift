import Domain
import Testing

@testable import Limits

/// Holds: several slots at once, settled, extended, given back.
@Suite struct HoldTests {
    @Test func allSlotsOrNone() throws {
        let fixture = try LimitFixture()
        let wide = fixture.entry(.project, 1, [.requestsPerMinute: 100, .totalCost: 1_000])
        let narrow = fixture.entry(.key, 1, [.requestsPerMinute: 2])
        #expect(fixture.request([wide, narrow], cost: 1))
        #expect(fixture.request([wide, narrow], cost: 1))
        let refusal = try #require(fixture.admit([wide, narrow], cost: 1).refusal)
        #expect(refusal.scope == .key && refusal.kind == .requestsPerMinute)
        #expect(fixture.line(wide, .requestsPerMinute)?.used == 2)
        #expect(
            fixture.line(wide, .totalCost) == .init(kind: .totalCost, used: 2, held: 0, limit: 1_000, remaining: 998))
        #expect(fixture.line(wide, .concurrency)?.held == 0)
    }

    @Test func theLimitThatTakesLongestToHealIsNamed() throws {
        let fixture = try LimitFixture()
        let entries = [
            fixture.entry(
                .key, 1, [.requestsPerMinute: 1, .requestsPerDay: 1, .concurrency: 1, .monthlyCost: 5])
        ]
        let hold = try #require(fixture.admit(entries, cost: 1).hold)
        #expect(fixture.admit(entries, cost: 1).refusal?.kind == .requestsPerDay)
        #expect(fixture.admit(entries, cost: 5).refusal?.kind == .monthlyCost)
        #expect(fixture.admit(entries, requests: 0).refusal?.kind == .concurrency)
        fixture.settle(hold, entries)
        #expect(fixture.admit(entries, requests: 0).hold != nil)
    }

    @Test func settlingTwiceCountsOnce() throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.key, 1, [.totalTokens: 100]), fixture.entry(.user, 1)]
        let hold = try #require(fixture.admit(entries, tokens: 50).hold)
        fixture.settle(hold, entries, tokens: 30)
        fixture.settle(hold, entries, tokens: 30)
        #expect(fixture.line(entries[0], .totalTokens)?.used == 30)
        // The place in the list has another use now.
        let next = try #require(fixture.admit(entries, tokens: 50).hold)
        #expect(next.place == hold.place && next.use != hold.use)
        fixture.settle(hold, entries, tokens: 30)
        #expect(fixture.line(entries[0], .totalTokens)?.held == 50)
        for bad in [LimitHold(place: 1_000, use: 1), LimitHold(place: next.place, use: next.use + 1)] {
            fixture.settle(bad, entries, tokens: 30)
        }
        #expect(fixture.line(entries[0], .totalTokens)?.held == 50)
        fixture.settle(next, entries, tokens: -5, cost: .min)
        #expect(
            fixture.line(entries[0], .totalTokens)
                == .init(kind: .totalTokens, used: 30, held: 0, limit: 100, remaining: 70))
        #expect(fixture.line(entries[1], .concurrency)?.held == 0)
    }

    @Test func extendingHoldsMoreOrNothingMore() throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.project, 1, [.totalCost: 100]), fixture.entry(.key, 1, [.totalCost: 50])]
        let hold = try #require(fixture.admit(entries, cost: 30).hold)
        #expect(fixture.owner.extend(hold, entries, tokens: 0, cost: 20, at: fixture.time) == nil)
        let refusal = fixture.owner.extend(hold, entries, tokens: 0, cost: 1, at: fixture.time)
        #expect(refusal?.scope == .key && refusal?.used == 50 && refusal?.held == 50)
        #expect(fixture.line(entries[0], .totalCost)?.held == 50)
        #expect(fixture.line(entries[0], .requestsPerMinute)?.used == 1)
        #expect(fixture.line(entries[0], .concurrency)?.held == 1)
        fixture.settle(hold, entries, cost: 45)
        for entry in entries {
            #expect(fixture.line(entry, .totalCost)?.held == 0)
            #expect(fixture.line(entry, .totalCost)?.used == 45)
        }
        #expect(fixture.owner.extend(hold, entries, tokens: 0, cost: 1, at: fixture.time) == nil)
        #expect(fixture.line(entries[0], .totalCost)?.held == 0)
    }

    /// What runs already takes nobody's place, and is counted already: full windows and a full number of requests refuse it nothing.
    @Test func extendingWantsNoPlace() throws {
        let fixture = try LimitFixture()
        let entry = fixture.entry(.key, 1, [.concurrency: 1, .requestsPerMinute: 1, .totalCost: 50])
        let hold = try #require(fixture.admit([entry], cost: 10).hold)
        #expect(fixture.admit([entry], cost: 10).hold == nil)
        #expect(fixture.owner.extend(hold, [entry], tokens: 5, cost: 40, at: fixture.time) == nil)
        #expect(fixture.owner.extend(hold, [entry], tokens: 5, cost: 0, at: fixture.time) == nil)
        #expect(fixture.line(entry, .totalCost)?.held == 50)
    }

    @Test func countingGoesOnBeyondTheLimit() throws {
        let fixture = try LimitFixture()
        let entry = fixture.entry(.wrongKeys, 9, [.requestsPerMinute: 3])
        for _ in 0..<3 { #expect(fixture.owner.count(entry, at: fixture.time) == nil) }
        for number in 3..<6 {
            let refusal = fixture.owner.count(entry, at: fixture.time)
            #expect(refusal?.scope == .wrongKeys && refusal?.used == Int64(number))
            #expect(refusal?.retryAfter != nil)
        }
        #expect(fixture.line(entry, .requestsPerMinute)?.used == 6)
        #expect(fixture.line(entry, .concurrency)?.held == 0)
    }

    @Test func aListThatIsFullAdmitsNobody() throws {
        let fixture = try LimitFixture(holds: 16)
        let entries = [fixture.entry(.key, 1)]
        let holds = try (0..<16).map { _ in try #require(fixture.admit(entries).hold) }
        #expect(fixture.admit(entries) == .full)
        fixture.settle(holds[3], entries)
        #expect(fixture.admit(entries).hold?.place == holds[3].place)
        #expect(fixture.line(entries[0], .concurrency)?.held == 16)
    }

    @Test func placesAreTakenAndGivenBack() throws {
        let fixture = try LimitFixture(places: 2)
        let other = LimitOwner(try LimitTable.open(fixture.path, .writing, boot: LimitFixture.boot))
        #expect(other.join(0) == nil)
        #expect(other.join(8) == 1)
        #expect(other.join(8) == nil, "it has a place")
        let third = LimitOwner(fixture.table)
        #expect(third.join(9) == nil)
        #expect(LimitRecovery(fixture.table).owners().map(\.instance) == [7, 8])
        let entries = [fixture.entry(.key, 1)]
        let hold = try #require(fixture.admit(entries, by: other).hold)
        #expect(!other.leave(), "it holds something")
        fixture.settle(hold, entries, by: other)
        #expect(other.leave())
        #expect(fixture.admit(entries, by: other) == .full, "it has no place")
        #expect(third.join(9) == 1)
        #expect(fixture.reader.room().usedPlaces == 2)
    }

    @Test func whatAnOwnerWithoutAPlaceHasLeftIsForgotten() throws {
        let fixture = try LimitFixture()
        let other = try fixture.another(8)
        let entries = [fixture.entry(.key, 1, [.concurrency: 1, .totalCost: 10])]
        _ = try #require(fixture.admit(entries, cost: 9, by: other).hold)
        #expect(fixture.admit(entries, cost: 1).hold == nil)
        // As if the recovery had not found the slot.
        let owners = TableLayout.Header.owners
        #expect(fixture.table.mapping.exchangeHeader(owners + 1, 8, 0))
        #expect(fixture.line(entries[0], .concurrency)?.held == 0)
        let hold = try #require(fixture.admit(entries, cost: 10).hold)
        fixture.settle(hold, entries, cost: 10)
        #expect(fixture.line(entries[0], .totalCost)?.used == 10)
    }
}
