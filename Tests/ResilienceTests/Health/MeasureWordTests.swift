import Domain
import TestSupport
import Testing

@testable import Resilience

@Suite struct MeasureWordTests {
    @Test func theMeanFollows() throws {
        var word = LatencyWord()
        #expect(word.mean(at: 5) == nil)
        var now: UInt64 = 1 << 42 - 4_000
        word = word.counted(80_000, at: now)
        #expect(word.mean(at: now) == 80_000)
        word = word.counted(160_000, at: now)
        #expect(word.mean(at: now) == 90_000)
        for _ in 0..<100 {
            now += 500
            word = word.counted(10_000, at: now)
        }
        #expect(try #require(word.mean(at: now)) < 10_100)
        #expect(word.calls == 102)
        #expect(word.mean(at: now + 59_000) != nil && word.mean(at: now + 62_000) == nil)
        // What is long ago does not slow a new beginning.
        #expect(word.counted(500, at: now + 100_000).mean(at: now + 100_000) == 500)
        #expect(word.counted(.max, at: now + 100_000).mean(at: now + 100_000) == 1 << 32 - 1)
    }

    @Test func logarithmsGoBothWays() {
        var random = SplitMix(seed: 31)
        for _ in 0..<100_000 {
            let value = random.next() >> (random.next() % 64)
            let back = QuantileWord.microseconds(QuantileWord.logarithm(value))
            guard back <= max(1, value), back >= value - value / 1_000 - (value > 1_023 ? 1 : 0) else {
                Issue.record("\(value) became \(back)")
                return
            }
        }
    }

    /// Of a spread-out distribution, and of one with two heaps.
    @Test func quantilesAreFound() throws {
        var random = SplitMix(seed: 32)
        func check(_ sample: (inout SplitMix) -> UInt64) throws {
            var word = QuantileWord()
            for _ in 0..<5_000 { word = word.counted(sample(&random), calls: 255) }
            // The mean of what it says over a while, against the truth.
            var values: [UInt64] = []
            var below: [UInt8: Double] = [:]
            let count = 20_000
            for _ in 0..<count {
                let value = sample(&random)
                for percent in QuantileWord.percents where value <= (word.time(percent: percent) ?? 0) {
                    below[percent, default: 0] += 1
                }
                word = word.counted(value, calls: 255)
                values.append(value)
            }
            for percent in QuantileWord.percents {
                let share = (below[percent] ?? 0) / Double(count) * 100
                #expect(abs(share - Double(percent)) < 3, "p\(percent): \(share)")
            }
        }
        try check { 1_000 + $0.next() % 500_000 }
        try check { $0.next() % 100 < 3 ? 2_000_000 + $0.next() % 1_000 : 20_000 + $0.next() % 5_000 }
    }

    @Test func aPercentIsTheNextOneAbove() throws {
        var (word, random) = (QuantileWord(), SplitMix(seed: 33))
        #expect(word.time(percent: 95) == nil)
        for _ in 0..<20_000 { word = word.counted(1_000 + random.next() % 100_000, calls: 255) }
        let times = try [50, 60, 90, 91, 95, 96, 99].map { try #require(word.time(percent: $0)) }
        #expect(times == times.sorted())
        #expect(times[1] == times[2] && times[3] == times[4] && times[5] == times[6])
    }

    /// The first call is often slow; that is soon forgotten.
    @Test func whatAllTakeIsFound() throws {
        var word = QuantileWord()
        for calls in 0..<1_000 { word = word.counted(calls == 0 ? 1_000_000 : 40_960, calls: UInt64(calls)) }
        for percent: UInt8 in [50, 90, 95] {
            let time = Double(try #require(word.time(percent: percent)))
            #expect(time > 38_000 && time < 44_000, "p\(percent): \(time)")
        }
    }

    @Test func trafficPaysForFurtherCalls() {
        var (traffic, further, now) = (TrafficWord(), FurtherCallsWord(), UInt64(1_800_000_000_000))
        func retries() -> Int {
            var count = 0
            while let next = further.retried(traffic, at: now) { (further, count) = (next, count + 1) }
            return count
        }
        func hedges() -> Int {
            var count = 0
            while let next = further.hedged(traffic, at: now) { (further, count) = (next, count + 1) }
            return count
        }
        #expect(retries() == 10 && hedges() == 5)
        now += 5_000
        #expect(retries() == 0 && hedges() == 0)
        now += 5_000
        #expect(retries() == 10 && hedges() == 5)
        now += 20_000
        for _ in 0..<1_000 { traffic = traffic.counted(at: now) }
        #expect(traffic.calls(at: now) == 1_000)
        #expect(retries() == 200 && hedges() == 100)
        now += 5_000
        for _ in 0..<500 { traffic = traffic.counted(at: now) }
        #expect(traffic.calls(at: now) == 1_500)
        #expect(retries() == 100 && hedges() == 50)
        now += 10_000
        #expect(traffic.calls(at: now) == 0)
        // Who looks at it a moment too late, or by a clock that is behind, sees no less.
        #expect(traffic.counted(at: now).calls(at: now - 5_000) == 1)
    }

    /// Never more than a fifth of the calls of the last ten seconds, or ten.
    @Test func theBudgetHolds() {
        var random = SplitMix(seed: 34)
        for run in 0..<100 {
            var (traffic, further) = (TrafficWord(), FurtherCallsWord())
            var now = random.next() & (1 << 50 - 1)
            var (calls, retries): ([UInt64], [UInt64]) = ([], [])
            let rate = random.next() % 40
            for _ in 0..<50 {
                now += random.next() % 1_500
                for _ in 0..<rate {
                    calls.append(now)
                    traffic = traffic.counted(at: now)
                }
                for _ in 0..<(random.next() % 30) {
                    guard let next = further.retried(traffic, at: now) else { break }
                    further = next
                    retries.append(now)
                    let made = retries.count { now - $0 < 5_000 }
                    let paid = calls.count { now - $0 <= 10_000 }
                    if made > max(10, paid / 5) { Issue.record("run \(run): \(made) of \(paid)") }
                }
            }
        }
    }

    @Test func windowsCountCalls() {
        let settings = BreakerSettings(failures: 0, errorRate: 50, requests: 20, window: 10_000)
        var (word, now) = (CallWindowWord(), UInt64(1_800_000_000_000))
        for _ in 0..<10 { word = word.counted(calls: 1, failed: 1, at: now, settings) }
        #expect(!word.isTooMany(at: now, settings))
        for _ in 0..<10 { word = word.counted(calls: 1, failed: 0, at: now, settings) }
        #expect(word.isTooMany(at: now, settings) && word.counts(at: now, settings) == (20, 10))
        now += 5_000
        word = word.counted(calls: 1, failed: 0, at: now, settings)
        #expect(!word.isTooMany(at: now, settings) && word.counts(at: now, settings) == (21, 10))
        now += 5_000
        #expect(word.counts(at: now, settings) == (1, 0))
        now += 5_000
        #expect(word.counts(at: now, settings) == (0, 0))
        // Very many keep their ratio.
        for index in 0..<100_000 {
            word = word.counted(calls: 1, failed: index % 4 == 0 ? 1 : 0, at: now, settings)
        }
        let (calls, failed) = word.counts(at: now, settings)
        #expect(calls > 1_000 && abs(Double(failed) / Double(calls) - 0.25) < 0.01)
        var random = SplitMix(seed: 35)
        for _ in 0..<100_000 {
            let word = CallWindowWord(raw: random.next())
            _ = word.counted(calls: random.next(), failed: random.next(), at: random.next(), settings)
                .isTooMany(at: random.next(), BreakerSettings(errorRate: 100, requests: .max, window: random.next()))
            _ = FurtherCallsWord(raw: random.next()).retried(TrafficWord(raw: random.next()), at: random.next())
            _ = QuantileWord(raw: random.next()).counted(random.next(), calls: random.next()).time(
                percent: UInt8(random.next() % 256))
            _ = LatencyWord(raw: random.next()).counted(random.next(), at: random.next()).mean(at: random.next())
        }
    }
}
