import Testing

@testable import WorkerRuntime

@Suite struct HeapRestTests {
    /// The beats (counted from 0) at which memory is given back.
    private func due(_ load: [UInt32]) -> [Int] {
        var rest = HeapRest()
        return load.indices.filter { rest.beat(active: load[$0]) }
    }

    @Test func onceARestBeginsAndOnceAMinuteOfIt() {
        #expect(self.due([UInt32](repeating: 0, count: 200)) == [2, 62, 122, 182])
        #expect(self.due([0, 0, 1, 0, 0, 1, 0, 0]).isEmpty)
        #expect(self.due([5, 0, 0, 0, 0, 3, 0, 0, 0]) == [3, 8])
    }

    @Test func whenTheLoadHasGoneDownByMuch() {
        #expect(self.due([100, 60, 51, 50, 49, 26, 25, 24]) == [3])
        #expect(self.due([1000, 400, 300, 200, 100, 50, 20]) == [1, 3, 4, 5])
        // Not for a small one, and not while it grows or stays.
        #expect(self.due([40, 20, 9, 1, 1]) == [3])
        #expect(self.due([10, 1, 10, 1, 10]).isEmpty)
        #expect(self.due([1, 10, 100, 1000, 900, 501]).isEmpty)
    }

    @Test func aBurstThatIsOverLeavesNothingToTheNextRest() {
        #expect(self.due([1000, 0, 0, 0, 1, 1]) == [3])
    }
}
