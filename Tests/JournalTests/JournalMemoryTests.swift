import Domain
import Foundation
import Testing

@testable import Journal

@Suite struct JournalMemoryTests {
    /// Kibibytes of a file's mapping that are in this process's memory.
    private static func resident(_ path: String) throws -> Int {
        // A file of /proc has no length that could be asked for: read to its end.
        let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
        var data = Data()
        while let more = try handle.read(upToCount: 1 << 16), !more.isEmpty { data += more }
        var isMapping = false
        var sum = 0
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            if words.count >= 5, words[0].contains("-") {
                isMapping = line.hasSuffix(path)
            } else if isMapping, words.first == "Rss:" {
                sum += Int(words[1]) ?? 0
            }
        }
        return sum
    }

    @Test func onlyAWindowOfASegmentIsInMemory() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer(syncInterval: 5, segmentSize: 4 << 20)
        let segment = try #require(try fixture.segments.first)
        let idle = try JournalMemoryTests.resident(segment.path)
        #expect(idle > 0)
        #expect(idle <= 80)
        // Most of a segment, with pauses in which the thread syncs.
        for number in 0..<6000 as Range<UInt64> {
            let admission = writer.begin(JournalFixture.begin(number, label: "x"))
            writer.settle(JournalFixture.settle(number), admission)
            if number % 500 == 0 { usleep(10_000) }
        }
        #expect(writer.lost == 0)
        #expect(
            try eventually {
                try JournalMemoryTests.resident(segment.path) <= 2 * SegmentKeeper.largestWindow / 1024
            })
        writer.close()
        #expect(try fixture.readAll().records.count == 12_000)
    }
}
