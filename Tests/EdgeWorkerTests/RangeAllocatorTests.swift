import TestSupport
import Testing

@testable import EdgeWorker

@Suite struct RangeAllocatorTests {
    private static let page = RangeAllocator.page

    @Test func rangesAreWholePagesFromTheStart() throws {
        var ranges = RangeAllocator(size: 10 * Self.page + 100)
        #expect(ranges.size == 10 * Self.page)
        #expect(ranges.take(1) == 0..<Self.page)
        #expect(ranges.take(Self.page + 1) == Self.page..<(3 * Self.page))
        #expect(ranges.take(8 * Self.page) == nil)
        #expect(ranges.take(7 * Self.page) == (3 * Self.page)..<(10 * Self.page))
        #expect(ranges.take(1) == nil)
        #expect(ranges.top == ranges.size && ranges.taken == ranges.size)
        ranges.release(0..<Self.page)
        #expect(ranges.take(0) == nil && ranges.take(-1) == nil && ranges.take(.max) == nil)
        #expect(ranges.take(Self.page) == 0..<Self.page)
    }

    @Test func anAreaWithoutAPageHasNothing() {
        var ranges = RangeAllocator(size: Self.page - 1)
        #expect(ranges.take(1) == nil)
        #expect(ranges.top == 0)
    }

    /// Beside a model that knows for each page whether it is taken, and looks for the first gap by itself.
    @Test(arguments: 0..<20) func randomUseMatchesAModel(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let pages = Int.random(in: 1...200, using: &random)
        var ranges = RangeAllocator(size: pages * Self.page)
        var model = [Bool](repeating: false, count: pages)
        var taken: [Range<Int>] = []
        for _ in 0..<2_000 {
            if taken.isEmpty || Bool.random(using: &random) {
                let bytes = Int.random(in: 1...(max(2, pages / 4) * Self.page), using: &random)
                let length = (bytes + Self.page - 1) / Self.page
                var start = 0
                while start + length <= pages, let hit = model[start..<(start + length)].lastIndex(of: true) {
                    start = hit + 1
                }
                let expected = start + length <= pages ? (start * Self.page)..<((start + length) * Self.page) : nil
                #expect(ranges.take(bytes) == expected)
                guard let expected else { continue }
                taken.append(expected)
                for page in start..<(start + length) { model[page] = true }
            } else {
                let range = taken.remove(at: Int.random(in: 0..<taken.count, using: &random))
                ranges.release(range)
                for page in (range.lowerBound / Self.page)..<(range.upperBound / Self.page) { model[page] = false }
            }
            #expect(ranges.taken == model.count { $0 } * Self.page)
            #expect(ranges.top == (model.lastIndex(of: true).map { $0 + 1 } ?? 0) * Self.page)
        }
        for range in taken.shuffled(using: &random) { ranges.release(range) }
        // All gaps have become one again.
        #expect(ranges.take(pages * Self.page) == 0..<(pages * Self.page))
    }
}
