import Glibc
import Metrics
import Platform
import Testing

/// Pages hold what another process wrote: nothing of it may do more harm than to be wrong.
@Suite struct BrokenPageTests {
    /// A page with some series, whose bytes can be changed from beside.
    private func scene() throws -> (SharedPage, SharedArea) {
        let shared = try SharedPage()
        let page = try shared.page()
        page.counter(MetricCatalogue.requestsShared).add(5)
        page.gauge(MetricCatalogue.requestsInFlight).set(5)
        page.histogram(MetricCatalogue.queueTime, bounds: [1, 2], "p").record(2)
        for number in 0..<50 { page.counter(MetricCatalogue.errors, "client", "code-\(number)").add() }
        return (shared, try SharedArea(try shared.descriptor(), for: .writing))
    }

    private func put(_ word: UInt64, at offset: Int, _ shared: SharedPage) {
        SharedArea.put(word, at: offset, in: shared.number)
    }

    @Test func aPageOfAnotherVersionIsBegunAnew() throws {
        let (shared, _) = try self.scene()
        defer { shared.close() }
        let reader = try shared.reader()
        #expect(reader.news().entries.count == 53)
        self.put(99, at: 8, shared)
        #expect(reader.news().isAnew)
        #expect(reader.news().entries == [])
        let page = try shared.page()
        page.counter(MetricCatalogue.requestsShared).add()
        #expect(reader.values() == ["sluice_requests_shared_total": .counter(1)])
    }

    @Test func aDirectoryThatBreaksOffIsReadUpToThere() throws {
        let (shared, _) = try self.scene()
        defer { shared.close() }
        // The last entry lacks its end.
        let count = try self.directoryCount(shared)
        self.put(count - 3, at: 32, shared)
        let reader = try shared.reader()
        #expect(reader.news().entries.count == 52 && reader.refused == 1)
        #expect(reader.news().entries == [])
        // The next process does not go on with that.
        try shared.page().counter(MetricCatalogue.requestsShared).add()
        #expect(reader.values() == ["sluice_requests_shared_total": .counter(1)])
        #expect(reader.refused == 0)
    }

    @Test func lengthsThatCannotBeAreNotRead() throws {
        for count: UInt64 in [.max, 1 << 62, UInt64(MetricPageLayout.size), 3 << 20] {
            let (shared, _) = try self.scene()
            defer { shared.close() }
            self.put(count, at: 32, shared)
            #expect(try shared.reader().news().entries == [])
            try shared.page().counter(MetricCatalogue.requestsShared).add()
            #expect(try shared.reader().values() == ["sluice_requests_shared_total": .counter(1)])
        }
    }

    @Test func memoryOfAnotherSizeIsNoPage() throws {
        #expect(throws: SystemError.self) { try MetricPageReader(SharedArea.make(name: "small", size: 4096)) }
        #expect(throws: SystemError.self) { try MetricPage(SharedArea.make(name: "small", size: 4096)) }
    }

    @Test func anyBytesAreSurvived() throws {
        var random = SystemRandomNumberGenerator()
        for round in 0..<60 {
            let (shared, area) = try self.scene()
            defer { shared.close() }
            let reader = try shared.reader()
            if round % 2 == 0 { _ = reader.news() }
            for _ in 0..<(1 << (round % 8)) {
                // Mostly where it matters: the header, and the beginning of values and directory.
                let places = [0..<64, 128..<1024, (128 << 10)..<(132 << 10), 0..<MetricPageLayout.size]
                let place = Int.random(in: places[Int.random(in: 0..<4)], using: &random)
                let byte = [UInt8.random(in: 0 ... .max, using: &random)]
                _ = unsafe byte.withUnsafeBytes { unsafe area.write($0, at: place) }
            }
            for _ in 0..<2 {
                for entry in reader.news().entries { _ = reader.value(of: entry) }
            }
            let page = try shared.page()
            page.counter(MetricCatalogue.requestsShared).add()
            page.histogram(MetricCatalogue.queueTime, bounds: [1, 2], "p").record(1)
            page.counter(MetricCatalogue.errors, "client", "code-7").add()
            for entry in reader.news().entries { _ = reader.value(of: entry) }
        }
    }

    private func directoryCount(_ shared: SharedPage) throws -> UInt64 {
        var word: UInt64 = 0
        let count = unsafe withUnsafeMutableBytes(of: &word) { unsafe pread(shared.number, $0.baseAddress, 8, 32) }
        #expect(count == 8)
        return word
    }
}
