import Domain
import Testing

@testable import Limits

/// How limits stood when it was decided about them, and how they stand later.
struct CheckedLimitsTests {
    @Test func laterTheFiguresAreOnesOwn() throws {
        let fixture = try LimitFixture()
        let own = [
            fixture.entry(.project, 1, [.requestsPerMinute: 10, .totalTokens: 1_000]),
            fixture.entry(.key, 1, [.concurrency: 3]),
        ]
        let other = [
            fixture.entry(.project, 2, [.totalTokens: 9_000]), fixture.entry(.key, 2, [.requestsPerMinute: 50]),
        ]
        #expect(fixture.request(own, tokens: 300))
        let hold = try #require(fixture.admit(own, tokens: 100).hold)
        var decided: [CheckedLimit] = []
        fixture.owner.check(own, at: fixture.time, into: &decided)
        #expect(decided.map(\.used) == [2, 300, 0] && decided.map(\.held) == [0, 100, 1])

        // Somebody else comes and goes, here and in another process, and somebody of the same project.
        let foreign = try #require(fixture.admit(other, tokens: 5_000).hold)
        fixture.settle(foreign, other, tokens: 5_000)
        let sibling = try #require(fixture.admit([own[0]], tokens: 50, by: try fixture.another(8)).hold)
        _ = sibling

        var later: [CheckedLimit] = []
        fixture.owner.checkNow(own, at: fixture.time, into: &later)
        #expect(later.map(\.kind) == decided.map(\.kind) && later.map(\.limit) == decided.map(\.limit))
        #expect(later.map(\.used) == [3, 300, 0] && later.map(\.held) == [0, 150, 1])
        // What is held can still be settled, and settled once.
        fixture.settle(hold, own, tokens: 70)
        #expect(fixture.line(own[0], .totalTokens)?.used == 370)
        #expect(fixture.line(own[0], .totalTokens)?.held == 50)
    }

    @Test func ofTooManyNothingIsSaid() throws {
        let fixture = try LimitFixture()
        let many = (0...UInt64(LimitDemand.maximumEntries)).map { fixture.entry(.key, $0, [.concurrency: 1]) }
        var limits: [CheckedLimit] = []
        fixture.owner.checkNow(many, at: fixture.time, into: &limits)
        #expect(limits.isEmpty)
    }
}
