/// Gives out ranges of an area: whole pages, the lowest range that is large enough, so that what is used by little load stays
/// together at the area's start. Pure.
///
/// Invariant: `free` is ascending, and no two of its ranges touch.
struct RangeAllocator {
    static let page = 4096

    /// Bytes of the area.
    let size: Int
    private var free: [Range<Int>]
    /// Bytes that are given out.
    private(set) var taken = 0

    /// `size` is rounded down to whole pages.
    init(size: Int) {
        self.size = max(0, size / RangeAllocator.page * RangeAllocator.page)
        self.free = self.size > 0 ? [0..<self.size] : []
    }

    /// Where the highest range that is given out ends.
    var top: Int {
        guard let last = self.free.last, last.upperBound == self.size else { return self.size }
        return last.lowerBound
    }

    /// A range for `count` bytes, rounded up to whole pages; nil when there is none, or `count` is not positive.
    mutating func take(_ count: Int) -> Range<Int>? {
        guard count > 0, count <= self.size else { return nil }
        let length = (count + RangeAllocator.page - 1) / RangeAllocator.page * RangeAllocator.page
        guard let index = self.free.firstIndex(where: { $0.count >= length }) else { return nil }
        let found = self.free[index]
        let range = found.lowerBound..<(found.lowerBound + length)
        if found.count == length {
            self.free.remove(at: index)
        } else {
            self.free[index] = range.upperBound..<found.upperBound
        }
        self.taken += length
        return range
    }

    /// Takes back a range that `take` has given out, once.
    mutating func release(_ range: Range<Int>) {
        var low = 0
        var high = self.free.count
        while low < high {
            let middle = (low + high) / 2
            if self.free[middle].lowerBound < range.lowerBound { low = middle + 1 } else { high = middle }
        }
        assert(low == 0 || self.free[low - 1].upperBound <= range.lowerBound, "released twice")
        assert(low == self.free.count || range.upperBound <= self.free[low].lowerBound, "released twice")
        self.taken -= range.count
        let joinsPrevious = low > 0 && self.free[low - 1].upperBound == range.lowerBound
        let joinsNext = low < self.free.count && self.free[low].lowerBound == range.upperBound
        switch (joinsPrevious, joinsNext) {
        case (true, true):
            self.free[low - 1] = self.free[low - 1].lowerBound..<self.free[low].upperBound
            self.free.remove(at: low)
        case (true, false): self.free[low - 1] = self.free[low - 1].lowerBound..<range.upperBound
        case (false, true): self.free[low] = range.lowerBound..<self.free[low].upperBound
        case (false, false): self.free.insert(range, at: low)
        }
    }
}
