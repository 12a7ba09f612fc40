import Domain
import Testing

@testable import Limits

/// Each kind of limit lets through what it allows, and no more.
@Suite struct ExactnessTests {
    @Test(arguments: [LimitKind.requestsPerMinute, .requestsPerHour, .requestsPerDay])
    func requestsInAWindow(_ kind: LimitKind) throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.key, 1, [kind: 5])]
        for number in 0..<5 { #expect(fixture.request(entries), "request \(number)") }
        let refusal = try #require(fixture.admit(entries).refusal)
        #expect(refusal.scope == .key && refusal.kind == kind)
        #expect(refusal.limit == 5 && refusal.used == 5 && refusal.held == 0 && refusal.remaining == 0)
        #expect(try #require(fixture.line(entries[0], kind)).used == 5)
        #expect(fixture.owner.openHolds == 0)
    }

    @Test(arguments: [
        LimitKind.tokensPerMinute, .tokensPerDay, .dailyTokens, .weeklyTokens, .monthlyTokens, .totalTokens,
    ])
    func tokens(_ kind: LimitKind) throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.project, 1, [kind: 1_000])]
        let first = try #require(fixture.admit(entries, tokens: 600).hold)
        #expect(fixture.admit(entries, tokens: 401).refusal?.held == 600)
        let second = try #require(fixture.admit(entries, tokens: 400).hold)
        #expect(fixture.admit(entries, tokens: 1).refusal?.remaining == 0)
        fixture.settle(first, entries, tokens: 100)
        let line = try #require(fixture.line(entries[0], kind))
        #expect(line.used == 100 && line.held == 400 && line.remaining == 500)
        #expect(fixture.admit(entries, tokens: 501).refusal?.kind == kind)
        fixture.settle(second, entries, tokens: 900)
        let refusal = try #require(fixture.admit(entries, tokens: 1).refusal)
        #expect(refusal.used == 1_000 && refusal.held == 0)
    }

    @Test(arguments: [LimitKind.dailyCost, .weeklyCost, .monthlyCost, .totalCost])
    func cost(_ kind: LimitKind) throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.organization, 1, [kind: 1_000_000_000])]
        #expect(fixture.request(entries, cost: 999_999_999))
        #expect(fixture.admit(entries, cost: 2).refusal?.remaining == 1)
        #expect(fixture.request(entries, cost: 1))
        let refusal = try #require(fixture.admit(entries, cost: 1).refusal)
        #expect(refusal.kind == kind && refusal.used == 1_000_000_000 && refusal.retryAfter == nil)
        // What costs nothing is not refused by a budget of money.
        #expect(fixture.request(entries, tokens: 100))
    }

    @Test func concurrency() throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.key, 1, [.concurrency: 2])]
        let holds = try (0..<2).map { _ in try #require(fixture.admit(entries).hold) }
        let refusal = try #require(fixture.admit(entries).refusal)
        #expect(refusal.kind == .concurrency && refusal.used == 2 && refusal.held == 2 && refusal.retryAfter == nil)
        fixture.settle(holds[0], entries)
        #expect(fixture.admit(entries).hold != nil)
        #expect(fixture.admit(entries).hold == nil)
    }

    @Test func aLimitOfNothingAdmitsNothingAndUnlimitedEverything() throws {
        let fixture = try LimitFixture()
        #expect(!fixture.request([fixture.entry(.key, 1, [.requestsPerMinute: 0])]))
        #expect(fixture.request([fixture.entry(.key, 2, [.requestsPerMinute: LimitSet.unlimited])]))
        #expect(
            fixture.admit([fixture.entry(.key, 3, [.totalTokens: LimitSet.unlimited])], tokens: .max).hold != nil)
    }
}
