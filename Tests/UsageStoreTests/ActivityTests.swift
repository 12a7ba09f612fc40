import Database
import Domain
import Journal
import Testing

@testable import UsageStore

/// What is said to be going on.
@Suite struct ActivityTests {
    private var source = RecordSource()
    private let other = Principal(
        organization: EntityID(high: 9, low: 9), project: EntityID(high: 1, low: 5), key: EntityID(high: 2, low: 6))

    @Test(arguments: TestStore.products)
    mutating func sumsOfAMinute(_ product: DatabaseProduct) throws {
        let store = try TestStore(product)
        let writer = try store.writer()
        // One long before, one that began before and ended in the minute, and those of the minute.
        let before = self.source.mint()
        let long = self.source.mint(after: 100_000)
        var settled = RecordSource.settle(long, cost: nil)
        settled.total = 90_000_000
        let refused = self.source.mint(after: 40_000)
        var refusal = RecordSource.settle(refused, status: 429, outcome: .error, cost: 0, error: "rate_limit_exceeded")
        (refusal.attempts, refusal.usage, refusal.usageSource) = (0, TokenUsage(), .none)
        refusal.isStream = false
        let failed = self.source.mint(after: 1000)
        let running = self.source.mint(after: 1000)
        let newest = self.source.mint(after: 48_000)
        try writer.apply(
            RecordSource.all(before) + [.begin(RecordSource.begin(long)), .settle(settled)]
                + [.begin(RecordSource.begin(refused)), .settle(refusal)]
                + [
                    .begin(RecordSource.begin(failed, principal: self.other)),
                    .settle(RecordSource.settle(failed, status: 502, outcome: .error, model: "slow", error: "x")),
                ] + [.begin(RecordSource.begin(running))] + RecordSource.all(newest))
        let now = self.source.milliseconds + 300
        let report = try store.reader().activity(now: now)
        #expect((report.period, report.lookedBack) == (60_000, 360_000))
        #expect(report.newest == newest)
        #expect((report.running, report.begun, report.ended) == (1, 4, 4))
        #expect((report.streams, report.errors, report.unknownPrice) == (3, 2, 1))
        #expect(report.refused == [Array("rate_limit_exceeded".utf8): 1])
        #expect(report.cost == 8_400)
        #expect(report.usage == TokenUsage(input: 300, cacheRead: 30, output: 60, reasoning: 15, image: 9))
        #expect((report.durations.median, report.durations.p95) == (190_000, 190_000))
        #expect(report.firstBytes.median == 91_000)
        #expect(report.slowest.map(\.record).first == long && report.slowest.count == 3)
        #expect(report.oldest.map(\.record) == [running])
        #expect(report.models.map(\.name) == [Array("fast".utf8), Array("slow".utf8)])
        #expect(report.models.map(\.totals.requests) == [3, 1] && report.models[1].totals.errors == 1)
        #expect(report.keys.map(\.key) == [.standard, self.other.key])
        // Only what is an organization's.
        let theirs = try store.reader().activity(now: now, organization: self.other.organization)
        #expect((theirs.running, theirs.begun, theirs.ended, theirs.errors) == (0, 1, 1, 1))
    }

    @Test mutating func itIsLessWhereThereIsNotTheTime() throws {
        let store = try TestStore(.sqlite)
        let writer = try store.writer()
        try writer.apply((0..<5000).map { _ in .settle(RecordSource.settle(self.source.mint(after: 10))) })
        let now = self.source.milliseconds
        let part = try store.reader().activity(now: now) { true }
        // One page of 2,048 rows, 10 ms apart.
        #expect(part.period == 20_470 && part.ended == 2048)
        let all = try store.reader().activity(now: now)
        #expect(all.period == 60_000 && all.ended == 5000)
    }

    @Test func ofNothing() throws {
        let store = try TestStore(.sqlite)
        _ = try store.writer()
        let report = try store.reader().activity(now: 1_790_000_000_000)
        #expect((report.newest, report.running, report.ended, report.durations.median) == (nil, 0, 0, nil))
    }
}
