import Domain
import Testing

@testable import Limits

/// Budgets of calendar periods, with a wall clock that jumps.
@Suite struct BudgetTests {
    private static let kinds: [(LimitKind, any WritableKeyPath<CalendarPeriods, UInt32> & Sendable)] = [
        (.dailyCost, \.day), (.weeklyCost, \.week), (.monthlyCost, \.month), (.dailyTokens, \.day),
        (.weeklyTokens, \.week), (.monthlyTokens, \.month),
    ]

    @Test(arguments: 0..<6)
    func aJumpAndBackRefillsNothingAndLocksNobodyOut(_ index: Int) throws {
        let (kind, path) = Self.kinds[index]
        let fixture = try LimitFixture()
        func entries() -> [LimitDemand.Entry] { [fixture.entry(.key, 1, [kind: 100])] }
        func spend(_ amount: Int64) -> Bool { fixture.request(entries(), tokens: amount, cost: amount) }
        #expect(spend(100) && !spend(1))
        for jump: Int32 in [1, -1, 30, -30, 365] {
            let home = fixture.periods[keyPath: path]
            fixture.periods[keyPath: path] = UInt32(Int32(home) + jump)
            #expect(spend(1), "another period has a budget of its own")
            #expect(spend(99) && !spend(1))
            fixture.periods[keyPath: path] = home
            #expect(!spend(1), "back from a jump of \(jump)")
            #expect(fixture.line(entries()[0], kind)?.used == 100)
            // Nothing is written down while it is refused; by what it costs nothing it is seen to be in use again.
            fixture.settle(try #require(fixture.admit(entries()).hold), entries())
        }
    }

    @Test(arguments: 0..<6)
    func twoDifferentJumpsAndBackRefillNothing(_ index: Int) throws {
        let (kind, path) = Self.kinds[index]
        for (first, second, isSeenBetween) in [(1, 30, false), (-1, 1, false), (30, -30, true), (365, 1, true)] {
            let fixture = try LimitFixture()
            let home = fixture.periods[keyPath: path]
            func entries() -> [LimitDemand.Entry] { [fixture.entry(.key, 1, [kind: 100])] }
            func spend(_ amount: Int64) -> Bool { fixture.request(entries(), tokens: amount, cost: amount) }
            #expect(spend(100))
            for jump in [first, second] {
                fixture.periods[keyPath: path] = UInt32(Int(home) + jump)
                #expect(spend(40) && spend(60) && !spend(1))
                if isSeenBetween {
                    fixture.periods[keyPath: path] = home
                    #expect(!spend(1))
                }
            }
            fixture.periods[keyPath: path] = home
            #expect(!spend(1), "\(kind.name), jumps of \(first) and \(second)")
            fixture.periods[keyPath: path] = home + 2
            #expect(spend(100), "the next period is open")
        }
    }

    @Test func aJumpOfAnHourOverMidnightAndBack() throws {
        let fixture = try LimitFixture()
        func entries() -> [LimitDemand.Entry] { [fixture.entry(.key, 1, [.dailyCost: 10, .monthlyCost: 15])] }
        #expect(fixture.request(entries(), cost: 10))
        for _ in 0..<5 {
            fixture.periods.day += 1
            #expect(fixture.request(entries(), cost: 1))
            fixture.periods.day -= 1
            #expect(!fixture.request(entries(), cost: 1))
        }
        fixture.periods.day += 1
        let refusal = try #require(fixture.admit(entries(), cost: 1).refusal)
        #expect(refusal.kind == .monthlyCost && refusal.used == 15)
        // The next month begins with the next day.
        fixture.periods.day += 1
        fixture.periods.month += 1
        #expect(fixture.request(entries(), cost: 10))
    }

    @Test func whatIsHeldOverMidnightCountsBeforeAndAfter() throws {
        let fixture = try LimitFixture()
        let before = [fixture.entry(.key, 1, [.dailyCost: 10])]
        let hold = try #require(fixture.admit(before, cost: 8).hold)
        fixture.periods.day += 1
        let after = [fixture.entry(.key, 1, [.dailyCost: 10])]
        #expect(fixture.admit(after, cost: 3).refusal?.held == 8)
        fixture.settle(hold, after, cost: 5)
        #expect(fixture.line(after[0], .dailyCost)?.used == 5)
        #expect(fixture.line(before[0], .dailyCost)?.used == 0)
    }

    @Test func aSoftLimitIsCrossedOnce() throws {
        let fixture = try LimitFixture()
        let other = try fixture.another(8)
        let entries = [
            fixture.entry(.organization, 1, [.totalTokens: 1_000]),
            fixture.entry(.project, 1, [.monthlyCost: 100, .dailyCost: 1_000]),
        ]
        var crossings: [LimitCrossing] = []
        for number in 0..<20 {
            let owner = number % 2 == 0 ? fixture.owner : other
            guard let hold = fixture.admit(entries, tokens: 5, cost: 5, by: owner).hold else { continue }
            let crossed = fixture.settle(hold, entries, tokens: 5, cost: 5, by: owner)
            if !crossed.isEmpty { #expect(number == 15) }
            crossings += crossed
        }
        #expect(
            crossings == [
                LimitCrossing(
                    scope: .project, key: entries[1].key, kind: .monthlyCost, limit: 100, used: 80)
            ])
        let hold = try #require(fixture.admit([entries[0]], tokens: 900).hold)
        #expect(fixture.settle(hold, [entries[0]], tokens: 900).map(\.used) == [1_000])
    }

    /// Each kind counts what it says, in its own period, also where that is not the one used last.
    @Test(arguments: LimitKind.allCases.filter(\.isBudget))
    func eachBudgetIsCrossedAndTold(_ kind: LimitKind) throws {
        let fixture = try LimitFixture()
        let now = fixture.periods
        let amount: (tokens: Int64, cost: Int64) = kind.unit == .tokens ? (7, 0) : (0, 7)
        let entries = [fixture.entry(.project, 1, [kind: 10])]
        let hold = try #require(fixture.admit(entries, tokens: amount.tokens, cost: amount.cost).hold)
        #expect(fixture.settle(hold, entries, tokens: amount.tokens, cost: amount.cost).isEmpty)
        // Somebody whose clock is a year ahead: periods of his own, but for what is used in all.
        fixture.periods = CalendarPeriods(day: now.day + 365, week: now.week + 52, month: now.month + 12)
        let ahead = [fixture.entry(.project, 1, [kind: 10_000])]
        let other = try #require(fixture.admit(ahead, tokens: 1, cost: 1).hold)
        fixture.settle(other, ahead, tokens: 0, cost: 0)
        fixture.periods = now
        let verdict = fixture.admit(entries, tokens: amount.tokens / 7, cost: amount.cost / 7)
        #expect(verdict.standing?.budget == .init(scope: .project, kind: kind, limit: 10, used: 7))
        let crossings = fixture.settle(
            try #require(verdict.hold), entries, tokens: amount.tokens / 7, cost: amount.cost / 7)
        #expect(crossings == [.init(scope: .project, key: entries[0].key, kind: kind, limit: 10, used: 8)])
        #expect(fixture.admit(entries, tokens: 3, cost: 3).refusal?.kind == kind)
    }

    @Test func thePeriodsUsedLastAreKept() {
        let empty = RecentPeriods.Period(id: 0, tokens: 0, cost: 0)
        var periods = RecentPeriods(first: empty, second: empty, third: empty)
        periods.add(100, tokens: 5, cost: 6)
        periods.add(101, tokens: 1, cost: 1)
        periods.add(130, tokens: 2, cost: 2)
        periods.add(100, tokens: 1, cost: 0)
        periods.add(131, tokens: 3, cost: 3)
        #expect(periods.used(100) == .init(id: 100, tokens: 6, cost: 6))
        #expect(periods.used(130) == .init(id: 130, tokens: 2, cost: 2))
        #expect(periods.used(131) == .init(id: 131, tokens: 3, cost: 3))
        #expect(periods.used(101) == .init(id: 101, tokens: 0, cost: 0))
        periods.add(131, tokens: 1, cost: 1)
        periods.add(130, tokens: 1, cost: 1)
        #expect([periods.first.id, periods.second.id, periods.third.id] == [130, 131, 100])
        #expect(periods.isCurrent(132) && periods.isCurrent(100) && !periods.isCurrent(133))
    }
}
