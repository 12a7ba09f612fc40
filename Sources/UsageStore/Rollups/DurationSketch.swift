/// How long some requests took: their number, their sum and how they are spread, in a form that can be added and taken away again.
///
/// Durations are counted in buckets, eight for each doubling, so that a percentile is within 4.4 % of the true one, and half a microsecond. What is
/// added and taken away leaves nothing behind. Numbers wrap around instead of stopping the program.
struct DurationSketch: Hashable {
    struct Bucket: Hashable {
        var index: UInt16
        var count: Int64
    }

    /// Longer ones count as this: twelve days.
    static let longest: UInt64 = 1 << 40
    /// Indices are below this.
    static let mostBuckets: UInt16 = 41 * 8

    /// Microseconds of all together.
    var sum: Int64 = 0
    /// By their indices; a count may be 0, and in a part of a whole below.
    private(set) var buckets: [Bucket] = []

    var isEmpty: Bool { self.sum == 0 && self.buckets.allSatisfy { $0.count == 0 } }

    /// Adds a duration in microseconds, or takes it away with -1; 0 is none.
    @inline(__always)
    mutating func add(_ microseconds: UInt64, _ times: Int64) {
        guard microseconds > 0 else { return }
        let duration = min(microseconds, Self.longest)
        self.sum &+= Int64(duration) &* times
        self.add(Self.index(duration), times)
    }

    private mutating func add(_ index: UInt16, _ count: Int64) {
        var (low, high) = (0, self.buckets.count)
        while low < high {
            let middle = (low &+ high) / 2
            if self.buckets[middle].index < index { low = middle &+ 1 } else { high = middle }
        }
        if low < self.buckets.count, self.buckets[low].index == index {
            self.buckets[low].count &+= count
        } else {
            self.buckets.insert(Bucket(index: index, count: count), at: low)
        }
    }

    /// Adds another sketch, or takes it away with -1.
    mutating func add(_ other: DurationSketch, _ times: Int64) {
        self.sum &+= other.sum &* times
        if other.buckets.count <= 4 {
            for bucket in other.buckets { self.add(bucket.index, bucket.count &* times) }
            return
        }
        // What is added up mostly has the same buckets.
        var place = 0
        for (number, bucket) in other.buckets.enumerated() {
            while place < self.buckets.count, self.buckets[place].index < bucket.index { place += 1 }
            guard place < self.buckets.count, self.buckets[place].index == bucket.index else {
                self.merge(other.buckets[number...], times)
                return
            }
            self.buckets[place].count &+= bucket.count &* times
        }
    }

    private mutating func merge(_ others: ArraySlice<Bucket>, _ times: Int64) {
        var merged: [Bucket] = []
        merged.reserveCapacity(self.buckets.count + others.count)
        var place = 0
        for bucket in others {
            while place < self.buckets.count, self.buckets[place].index < bucket.index {
                merged.append(self.buckets[place])
                place += 1
            }
            var count = bucket.count &* times
            if place < self.buckets.count, self.buckets[place].index == bucket.index {
                count &+= self.buckets[place].count
                place += 1
            }
            merged.append(Bucket(index: bucket.index, count: count))
        }
        merged += self.buckets[place...]
        self.buckets = merged
    }

    /// What is told of it.
    var summary: DurationSummary {
        let count = self.buckets.reduce(Int64(0)) { $0 &+ $1.count }
        return DurationSummary(count: count, sum: self.sum, p95: self.percentile95(of: count))
    }

    private func percentile95(of count: Int64) -> Int64? {
        guard count > 0 else { return nil }
        // As many as 95 of 100, rounded up.
        var left = count - count / 20
        for bucket in self.buckets {
            left &-= bucket.count
            if left <= 0 { return Self.middle(of: bucket.index) }
        }
        return nil
    }

    // MARK: Buckets

    /// Buckets as they were kept.
    mutating func take(_ buckets: [Bucket]) { self.buckets = buckets }

    /// Exact: the same duration is in the same bucket everywhere.
    @inline(__always)
    static func index(_ duration: UInt64) -> UInt16 {
        let power = 63 &- duration.leadingZeroBitCount
        let mantissa = (duration << UInt64(63 &- power)) >> 32
        var index = UInt16(truncatingIfNeeded: power) &* 8
        for step in 0..<7 where mantissa >= Self.step(step) { index &+= 1 }
        return index
    }

    /// 2^(n/8), n from 1 to 7, with 31 binary places, rounded up.
    @inline(__always)
    private static func step(_ number: Int) -> UInt64 {
        switch number {
        case 0: 2_341_847_524
        case 1: 2_553_802_834
        case 2: 2_784_941_738
        case 3: 3_037_000_500
        case 4: 3_311_872_530
        case 5: 3_611_622_603
        default: 3_938_502_376
        }
    }

    /// What all durations of a bucket are nearest to, relative to themselves.
    static func middle(of index: UInt16) -> Int64 {
        let low = Self.lowest(of: index)
        let high = Self.lowest(of: index + 1)
        let middle = 2 * low * high / (low + high)
        return Int64(min(middle.rounded(), Double(Self.longest)))
    }

    private static func lowest(of index: UInt16) -> Double {
        let power = Double(sign: .plus, exponent: Int(index / 8), significand: 1)
        return index % 8 == 0 ? power : power * Double(self.step(Int(index % 8) - 1)) / 2_147_483_648
    }
}
