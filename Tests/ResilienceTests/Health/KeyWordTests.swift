import TestSupport
import Testing

@testable import Resilience

@Suite struct KeyWordTests {
    static let times = BreakerWordTests.times

    @Test(arguments: times)
    func aKeyCoolsAsLongAsItWasTold(_ now: UInt64) {
        let word = CooldownWord().limited(for: 7_300, at: now)
        #expect(word.wait(at: now) == 7_300 && word.wait(at: now &+ 7_299) == 1 && word.wait(at: now &+ 7_300) == 0)
        // A shorter one does not replace it, a longer one does.
        #expect(word.limited(for: 1_000, at: now &+ 100).wait(at: now &+ 100) == 7_200)
        #expect(word.limited(for: 60_000, at: now &+ 100).wait(at: now &+ 100) == 60_000)
        #expect(word.resting(for: 20, at: now).wait(at: now) == 7_300)
        #expect(CooldownWord().limited(for: .max, at: now).wait(at: now) == 86_400_000)
        // A call that began before says nothing of now.
        #expect(word.succeeded(at: now &+ 1) == word)
        #expect(word.succeeded(at: now &+ 8_000) == CooldownWord())
    }

    @Test func withoutATimeItDoubles() {
        var (word, now) = (CooldownWord(), UInt64(1_000_000))
        for expected: UInt64 in [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000] {
            word = word.limited(for: nil, at: now)
            #expect(word.wait(at: now) == expected)
            // Others that got the same answer.
            word = word.limited(for: 0, at: now)
            #expect(word.wait(at: now) == expected)
            now += expected
        }
        for _ in 0..<40 {
            word = word.limited(for: nil, at: now)
            #expect(word.wait(at: now) == 60_000)
            now += 60_000
        }
        word = word.succeeded(at: now).limited(for: nil, at: now)
        #expect(word.wait(at: now) == 1_000)
    }

    /// No cooled key is used before the longest time that was named.
    @Test func theLongestTimeHolds() {
        var random = SplitMix(seed: 21)
        for run in 0..<100_000 {
            var (word, now) = (CooldownWord(), random.next() & (1 << 44 - 1))
            var until = now
            for _ in 0..<12 {
                now &+= random.next() % 4_000
                let wait = random.next() % 10_000 + 1
                switch random.next() % 4 {
                case 0:
                    word = word.limited(for: wait, at: now)
                    until = max(until, now &+ wait)
                case 1:
                    word = word.resting(for: wait, at: now)
                    until = max(until, now &+ wait)
                case 2: word = word.succeeded(at: now)
                default: break
                }
                if word.wait(at: now) != (until > now ? until - now : 0) { Issue.record("run \(run)") }
            }
        }
    }

    @Test(arguments: times)
    func aKeyThatIsOutIsProbed(_ now: UInt64) throws {
        let version: UInt64 = 70_000
        var word = KeyOutWord().refused(nil, version, at: now)
        #expect(word.standing(version, at: now) == .out(60_000))
        #expect(word.refused(nil, version, at: now &+ 5) == word)
        #expect(word.succeeded(nil) == word)
        // Another configuration begins anew.
        #expect(word.standing(version + 1, at: now) == .usable)
        #expect(word.refused(nil, version + 1, at: now).standing(version + 1, at: now) == .out(60_000))
        var then = now
        for expected: UInt64 in [60_000, 120_000, 240_000, 480_000, 900_000, 900_000] {
            #expect(word.standing(version, at: then) == .out(expected))
            #expect(word.probed(version, at: then &+ expected &- 1) == nil)
            then = then &+ expected
            let (probing, leave) = try #require(word.probed(version, at: then))
            #expect(probing.probed(version, at: then) == nil)
            #expect(probing.probed(version, at: then &+ BreakerWord.probeTime) != nil)
            #expect(probing.succeeded(leave) == KeyOutWord())
            #expect(probing.released(leave, version, at: then).standing(version, at: then) == .due)
            word = probing.refused(leave, version, at: then)
        }
    }

    @Test func aShortageIsForgotten() {
        for now: UInt64 in [0, 1_790_000_000_000, WordTime.mask - 3] {
            let word = ShortageWord.said(at: now)
            #expect(!ShortageWord().holds(at: now))
            for later in 0..<ShortageWord.duration { #expect(word.holds(at: now &+ later)) }
            #expect(!word.holds(at: now &+ ShortageWord.duration))
            #expect(!word.holds(at: now &- 1), "the clock was set back")
        }
    }

    @Test func anyWordIsHarmless() {
        var random = SplitMix(seed: 22)
        for _ in 0..<100_000 {
            let (raw, now, version) = (random.next(), random.next(), random.next())
            var isGood = CooldownWord(raw: raw).wait(at: now) <= 86_400_000
            if CooldownWord(raw: raw).limited(for: random.next(), at: now).wait(at: now) > 86_400_000 { isGood = false }
            let word = KeyOutWord(raw: raw)
            if case .out(let wait) = word.standing(version, at: now), wait > 86_400_000 { isGood = false }
            let next = word.refused(word.probed(version, at: now)?.leave, version, at: now)
            if next.standing(version, at: now) == .usable || !isGood { Issue.record("\(raw) at \(now)") }
        }
    }

    @Test func keysAreChosenByWeight() {
        var random = SplitMix(seed: 23)
        let weights: [UInt32] = [1, 0, 6, 1_000_000, 3]
        var counts = [Int](repeating: 0, count: weights.count)
        for _ in 0..<100_000 {
            guard let key = KeyChoice.pick(weights, free: 0b10111, random: random.next()) else { continue }
            counts[Int(key)] += 1
        }
        #expect(counts[3] == 0 && counts.reduce(0, +) == 100_000)
        // A weight of 0 counts as 1: 1 + 1 + 6 + 3.
        for (index, share) in [(0, 1.0), (1, 1), (2, 6), (4, 3)] {
            #expect(abs(Double(counts[index]) / 100_000 - share / 11) < 0.01)
        }
        #expect(KeyChoice.pick(weights, free: 0, random: 1) == nil)
        #expect(KeyChoice.pick(weights, free: 1 << 40, random: 1) == nil)
        #expect(KeyChoice.pick([UInt32](repeating: .max, count: 64), free: .max, random: .max) == 63)
    }
}
