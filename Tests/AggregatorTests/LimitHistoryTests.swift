import Domain
import Limits
import Testing

@testable import Aggregator
@testable import UsageStore

/// Sums of hand-written requests, in two time zones.
@Suite struct LimitHistoryTests {
    /// Wednesday, 1 July 2026, 02:30:30 in UTC: still 30 June in New York.
    private static let now: UInt64 = 1_782_873_030_000
    private static let minute: UInt64 = 60_000
    private static let hour = 60 * minute
    private static let day = 24 * hour
    private static let newYork = TimeZoneRules(name: "America/New_York", initialOffset: -4 * 3600)

    private let organization = EntityID(high: 1, low: 1)
    private let here = EntityID(high: 2, low: 1)
    private let there = EntityID(high: 2, low: 2)
    private let user = EntityID(high: 4, low: 1)

    private func history(_ uses: [RequestUse]) -> [LimitKey: LimitHistory.Start] {
        var settings = LimitTableSettings()
        settings.projects = [LimitTableSettings.Project(id: self.there, timeZone: Self.newYork)]
        var history = LimitHistory(settings, now: Self.now)
        let principals = [
            1: Principal(organization: self.organization, project: self.here, key: EntityID(high: 3, low: 1)),
            2: Principal(
                organization: self.organization, project: self.there, key: EntityID(high: 3, low: 2), user: self.user),
            3: Principal(
                organization: self.organization, project: self.there, key: EntityID(high: 3, low: 3), user: self.user),
            4: Principal.anonymous,
        ]
        for use in uses { history.add(use) { principals[Int($0)] } }
        let starts = history.starts { $0 == 1 ? Array("fast".utf8) : nil }
        return Dictionary(uniqueKeysWithValues: starts.map { ($0.key, $0) })
    }

    private func use(
        ago: UInt64, by principal: Int64, route: Int64? = 1, tokens: Int64 = 10, cost: Int64 = 100,
        lasted: UInt64 = 0, refused: Bool = false
    ) -> RequestUse {
        RequestUse(
            record: RecordID(high: (Self.now - ago) << 16, low: 0), principal: principal, route: route,
            isRefused: refused, tokens: tokens, cost: cost, endedAt: Self.now - ago + lasted)
    }

    @Test func windowsAreThoseOfTheClock() throws {
        // Half a minute into its minute and hour, two and a half hours into its day.
        let starts = self.history([
            self.use(ago: 10_000, by: 1), self.use(ago: 40_000, by: 1, lasted: 30_000), self.use(ago: 100_000, by: 1),
            self.use(ago: Self.hour, by: 1), self.use(ago: 3 * Self.hour, by: 1), self.use(ago: 30 * Self.hour, by: 1),
            self.use(ago: 5_000, by: 1, tokens: 0, cost: 0, refused: true),
        ])
        let seed = try #require(starts[LimitKey(.key, EntityID(high: 3, low: 1))]).seed
        #expect(seed.requestsPerMinute == .init(current: 1, previous: 1))
        // By when they ended.
        #expect(seed.tokensPerMinute == .init(current: 20, previous: 0))
        #expect(seed.requestsPerHour == .init(current: 3, previous: 1))
        #expect(seed.requestsPerDay == .init(current: 4, previous: 1))
        #expect(seed.tokensPerDay == .init(current: 40, previous: 10))
        #expect(seed.total == LimitUse(tokens: 60, cost: 600))
    }

    @Test func periodsAreThoseOfTheProjectsTimeZone() throws {
        // 02:20 in UTC: June in New York. Five hours ago, and 28 hours ago: 21:30 and 22:30 on the 29th and 30th there.
        let uses = [
            self.use(ago: 10 * Self.minute, by: 2), self.use(ago: 5 * Self.hour, by: 3),
            self.use(ago: 28 * Self.hour, by: 2), self.use(ago: 32 * Self.day, by: 2),
            self.use(ago: 70 * Self.day, by: 3), self.use(ago: 10 * Self.minute, by: 1),
        ]
        let starts = self.history(uses)
        func budget(_ count: Int64) -> LimitUse { LimitUse(tokens: 10 * count, cost: 100 * count) }
        let project = try #require(starts[LimitKey(.project, self.there)])
        #expect(project.periods == CalendarPeriods(at: Int64(Self.now / 1000), in: Self.newYork))
        #expect(project.seed.day == .init(current: budget(2), previous: budget(1)))
        #expect(project.seed.month == .init(current: budget(3), previous: budget(1)))
        #expect(project.seed.week == .init(current: budget(3), previous: budget(0)))
        #expect(project.seed.total == budget(5))
        // Users and organizations by the gateway's calendar, in which it is July.
        let user = try #require(starts[LimitKey(.user, self.user)])
        #expect(user.periods == CalendarPeriods(at: Int64(Self.now / 1000), in: .utc))
        #expect(user.seed.day == .init(current: budget(1), previous: budget(1)))
        #expect(user.seed.month == .init(current: budget(1), previous: budget(2)))
        #expect(user.seed.total == budget(5))
        let organization = try #require(starts[LimitKey(.organization, self.organization)])
        #expect(organization.seed.day == .init(current: budget(2), previous: budget(1)))
        #expect(try #require(starts[.global]).seed.total == budget(6))
        #expect(try #require(starts[LimitKey(model: Array("fast".utf8))]).seed.total == budget(6))
        #expect(try #require(starts[LimitKey(.key, EntityID(high: 3, low: 2))]).seed.total == budget(3))
    }

    @Test func whoHasNoSlotGetsNone() throws {
        let starts = self.history([
            self.use(ago: 1, by: 4), self.use(ago: 1, by: 9), self.use(ago: 1, by: 1, route: 2),
            self.use(ago: 1, by: 1, route: nil),
        ])
        #expect(starts[LimitKey(.key, .anonymous)] == nil)
        #expect(try #require(starts[.global]).seed.total.tokens == 40)
        #expect(try #require(starts[LimitKey(.project, self.here)]).seed.total.tokens == 20)
        #expect(try #require(starts[LimitKey(model: Array("fast".utf8))]).seed.total.tokens == 20)
        #expect(Set(starts.values.map(\.scope)) == [.global, .model, .organization, .project, .key])
    }

    @Test func whatWasEverUsedIsToldByItself() throws {
        var history = LimitHistory(LimitTableSettings(), now: Self.now, hasTotals: true)
        let caller = Principal(organization: self.organization, project: self.here, key: EntityID(high: 3, low: 1))
        history.add(self.use(ago: 1, by: 1)) { _ in caller }
        for (use, route) in [(LimitUse(tokens: 50, cost: 70), 1), (LimitUse(tokens: -10, cost: -90), 2)] {
            history.add(total: use, by: 1, of: Int64(route)) { _ in caller }
        }
        history.add(total: LimitUse(tokens: 1, cost: 100), by: nil, of: nil) { _ in nil }
        let starts = Dictionary(
            uniqueKeysWithValues: history.starts { Array("\($0)".utf8) }.map { ($0.key, $0.seed) })
        #expect(starts[.global]?.total == LimitUse(tokens: 41, cost: 80))
        #expect(starts[.global]?.day.current == LimitUse(tokens: 10, cost: 100))
        #expect(starts[LimitKey(.key, EntityID(high: 3, low: 1))]?.total == LimitUse(tokens: 40, cost: 0))
        #expect(starts[LimitKey(model: Array("1".utf8))]?.total == LimitUse(tokens: 50, cost: 70))
        #expect(starts[LimitKey(model: Array("2".utf8))]?.total == LimitUse())
    }

    @Test func aClockThatWasAheadCountsNow() throws {
        let later = RequestUse(
            record: RecordID(high: (Self.now + 5 * Self.day) << 16, low: 0), principal: 1, route: 1, isRefused: false,
            tokens: .max, cost: .max, endedAt: .max)
        let seed = try #require(self.history([later, later])[LimitKey(.project, self.here)]).seed
        #expect(seed.requestsPerMinute.current == 2)
        #expect(seed.tokensPerMinute.current == .max)
        #expect(seed.total == LimitUse(tokens: .max, cost: .max))
        #expect(seed.day == .init())
    }
}
