import Domain
import Testing
import TestSupport

@testable import UsageStore

@Suite struct DurationSketchTests {
    @Test func everyDurationIsNearTheMiddleOfItsBucket() {
        func check(_ duration: UInt64) -> Bool {
            let middle = Double(DurationSketch.middle(of: DurationSketch.index(duration)))
            return abs(middle - Double(duration)) <= 0.501 + Double(duration) * 0.0434
        }
        #expect((1...200_000).allSatisfy(check))
        for power in 0...40 {
            for duration in [UInt64(1) << power, (UInt64(1) << power) + 1, (UInt64(1) << power) &* 3 / 2] {
                #expect(check(min(duration, DurationSketch.longest)))
            }
        }
        var before: UInt16 = 0
        for duration in stride(from: UInt64(1), to: 5_000_000, by: 997) {
            let index = DurationSketch.index(duration)
            #expect(index >= before && index < DurationSketch.mostBuckets)
            before = index
        }
        #expect(DurationSketch.index(DurationSketch.longest) < DurationSketch.mostBuckets)
    }

    @Test(arguments: [1, 2, 7, 19, 20, 21, 100, 5000])
    func percentiles(_ count: Int) {
        var random = SplitMix(seed: UInt64(count))
        let durations = (0..<count).map { _ in random.next() >> (24 + random.next() % 38) | 1 }
        var sketch = DurationSketch()
        for duration in durations { sketch.add(duration, 1) }
        let sorted = durations.sorted()
        let exact = sorted[(count * 95 + 99) / 100 - 1]
        let summary = sketch.summary
        #expect(summary.count == Int64(count))
        #expect(summary.sum == Int64(durations.reduce(0, +)))
        #expect(abs(Double(summary.p95 ?? 0) - Double(exact)) <= Double(exact) * 0.05)
    }

    @Test func whatIsTakenAwayLeavesNothing() {
        var random = SplitMix(seed: 3)
        var whole = DurationSketch()
        var parts: [DurationSketch] = []
        for _ in 0..<20 {
            var part = DurationSketch()
            for _ in 0..<(random.next() % 60) { part.add(random.next() >> (random.next() % 64), 1) }
            parts.append(part)
            whole.add(part, 1)
        }
        parts.shuffle(using: &random)
        for part in parts.dropLast() { whole.add(part, -1) }
        #expect(whole.summary == parts.last?.summary)
        whole.add(parts[19], -1)
        #expect(whole.isEmpty)
        #expect(whole.summary.p95 == nil)
    }

    // MARK: As bytes

    @Test func sumsComeBackFromTheirBytes() {
        var random = SplitMix(seed: 4)
        for _ in 0..<300 {
            var sums = RollupSums()
            for path in RollupSums.rareCounts where random.next() % 2 == 0 {
                sums[keyPath: path] = Int64(bitPattern: random.next())
            }
            for tokenClass in RollupSums.rareClasses where random.next() % 3 == 0 {
                sums.usage[tokenClass] = Int64(bitPattern: random.next())
            }
            for _ in 0..<(random.next() % 50) {
                sums.latency.add(random.next() >> 20, Int64(bitPattern: random.next()) | 1)
                sums.firstByte.add(random.next() >> 20, random.next() % 2 == 0 ? 1 : -1)
            }
            sums.latency.sum = 0
            sums.firstByte.sum = 0
            var read = RollupSums()
            read.unpack(sums.packed)
            read.add(sums, -1)
            #expect(read.isEmpty)
        }
    }

    /// Bytes that nobody has written make no trouble.
    @Test func anyBytesCanBeRead() {
        var random = SplitMix(seed: 5)
        for _ in 0..<20_000 {
            var sums = RollupSums()
            let bytes = (0..<(random.next() % 40)).map { place in
                place == 0 ? 1 : UInt8(truncatingIfNeeded: random.next() & random.next())
            }
            sums.unpack(bytes)
            #expect(sums.latency.buckets.allSatisfy { $0.index < DurationSketch.mostBuckets })
            _ = sums.totals
        }
    }
}
