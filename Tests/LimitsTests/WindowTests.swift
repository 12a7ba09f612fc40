import Domain
import TestSupport
import Testing

@testable import Limits

/// Sliding windows by a clock that the test moves.
@Suite struct WindowTests {
    /// What is counted in the table, worked out from every request there was: the definition.
    private struct Model {
        let length: UInt64
        var times: [UInt64] = []

        func used(at now: UInt64) -> Int {
            let start = now / self.length * self.length
            let current = self.times.count { $0 >= start }
            let previous = self.times.count { $0 < start && $0 + self.length >= start }
            let rest = self.length - (now - start)
            return current + Int((UInt64(previous) * rest + self.length - 1) / self.length)
        }
    }

    @Test(arguments: [
        (LimitKind.requestsPerMinute, UInt64(60_000)), (.requestsPerHour, 3_600_000), (.requestsPerDay, 86_400_000),
    ])
    func whatPassesIsWhatTheDefinitionAllows(_ kind: LimitKind, _ length: UInt64) throws {
        let fixture = try LimitFixture()
        var model = Model(length: length)
        var random = SplitMix(seed: length)
        let entries = [fixture.entry(.key, 1, [kind: 20])]
        var (passed, refused) = (0, 0)
        for _ in 0..<2_000 {
            fixture.now += random.next() % (length / 15)
            let isAllowed = model.used(at: fixture.now) + 1 <= 20
            let verdict = fixture.admit(entries)
            #expect((verdict.hold != nil) == isAllowed)
            if let hold = verdict.hold {
                passed += 1
                model.times.append(fixture.now)
                fixture.settle(hold, entries)
            } else {
                refused += 1
            }
        }
        #expect(passed > 200 && refused > 200)
    }

    @Test func aRefusalSaysWhenTheSameRequestPasses() throws {
        var random = SplitMix(seed: 4)
        for _ in 0..<60 {
            let fixture = try LimitFixture(slots: 256, places: 1, holds: 16)
            let entries = [fixture.entry(.key, 1, [.tokensPerMinute: 100])]
            for _ in 0..<30 {
                fixture.now += random.next() % 20_000
                let tokens = Int64(1 + random.next() % 60)
                let verdict = fixture.admit(entries, tokens: tokens)
                if let hold = verdict.hold { fixture.settle(hold, entries, tokens: tokens) }
                guard let wait = verdict.refusal?.retryAfter else { continue }
                let before = fixture.now
                fixture.now = before + wait - 1
                #expect(fixture.admit(entries, tokens: tokens).hold == nil)
                fixture.now = before + wait
                let hold = try #require(fixture.admit(entries, tokens: tokens).hold)
                fixture.settle(hold, entries)
            }
        }
    }

    @Test func moreThanTheLimitNeverPasses() throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.key, 1, [.tokensPerMinute: 100])]
        #expect(fixture.admit(entries, tokens: 101).refusal?.retryAfter == nil)
        #expect(fixture.admit(entries, tokens: .max).refusal != nil)
        #expect(fixture.request(entries, tokens: 100))
    }

    @Test func anOlderClockCountsInTheWindowThatIs() throws {
        let fixture = try LimitFixture()
        let entries = [fixture.entry(.key, 1, [.requestsPerMinute: 5])]
        for _ in 0..<3 { #expect(fixture.request(entries)) }
        // Another process is a little behind, across the boundary: it finds the same window, and takes nothing away.
        for back: UInt64 in [1, 50, 59_999, 60_000, 3_600_000] {
            fixture.now = LimitFixture.dawn - back
            #expect(try #require(fixture.line(entries[0], .requestsPerMinute)).used == 3, "\(back) ms")
        }
        for _ in 0..<2 { #expect(fixture.request(entries)) }
        #expect(!fixture.request(entries))
        fixture.now = LimitFixture.dawn
        #expect(!fixture.request(entries))
        #expect(try #require(fixture.line(entries[0], .requestsPerMinute)).used == 5)
        fixture.now += 2 * WindowMoment.minute
        #expect(try #require(fixture.line(entries[0], .requestsPerMinute)).used == 0)
    }

    @Test func anIndexThatCannotBeLocksNobodyOut() {
        var window = SlidingWindow(index: .max, current: 5, previous: 5)
        let moment = WindowMoment(LimitFixture.dawn)
        window.roll(to: moment.minute)
        #expect(window == SlidingWindow(index: moment.minute.index, current: 0, previous: 0))
    }

    @Test func standingNamesTheTightestWindow() throws {
        let fixture = try LimitFixture()
        let entries = [
            fixture.entry(.project, 1, [.requestsPerMinute: 100, .tokensPerDay: 1_000]),
            fixture.entry(.key, 1, [.requestsPerHour: 10, .tokensPerMinute: 500]),
        ]
        let verdict = fixture.admit(entries, tokens: 300)
        let standing = try #require(verdict.standing)
        #expect(standing.requests == .init(limit: 10, remaining: 9, reset: 2 * WindowMoment.hour))
        // Held tokens are no part of the window: it is free, but for them.
        #expect(standing.tokens == .init(limit: 500, remaining: 200, reset: 0))
        fixture.settle(try #require(verdict.hold), entries, tokens: 450)
        let next = try #require(fixture.admit(entries, tokens: 51).standing)
        #expect(next.requests?.remaining == 9 && next.tokens?.remaining == 50)
        #expect(next.tokens?.reset == 2 * WindowMoment.minute)
    }

    @Test func sharesOfLargeAmountsAreExact() {
        #expect(Amount.share(.max, 1, of: 2) == .max / 2 + 1)
        #expect(Amount.share(.max, 86_399_999, of: 86_400_000) > .max / 2)
        #expect(Amount.share(1, 1, of: 86_400_000) == 1)
        #expect(Amount.share(7, 0, of: 60) == 0)
        #expect(Amount.part(.max - 1, of: 86_400_000, for: .max) == 86_399_999)
        #expect(Amount.part(0, of: 60, for: 9) == 0)
        #expect(Amount.sum(.max, 1) == .max)
        #expect(Amount.rest(3, 5) == 0)
    }

    /// The short ways say what the long ones would: for the window of now, and for one that is ahead of this clock.
    @Test func theShortWaysSayTheSame() {
        for now in [UInt64(600_000), 600_001, 629_999, 659_999] {
            let place = WindowMoment(now).minute
            for index in [place.index, place.index + 1] {
                for (current, previous) in [(Int64(0), Int64(0)), (0, 7), (5, 0), (5, 7), (3, 1_000_003), (.max, .max)]
                {
                    let window = SlidingWindow(index: index, current: current, previous: previous)
                    #expect(window.untilEmpty(place) == window.wait(for: 0, place))
                    let used = window.used(place)
                    for amount in [Int64(1), 3, .max] {
                        let all = Amount.sum(used, amount)
                        for limit in [0, 1, max(0, all - 1), all, Amount.sum(all, 1), .max] {
                            #expect(window.isBroken(limit, by: amount, place) == (all > limit))
                        }
                    }
                }
            }
        }
    }
}
