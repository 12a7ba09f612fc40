import Domain
import Foundation
import Testing

@testable import Journal

@Suite struct JournalFolderTests {
    @Test func segmentsAreListedByOwnerAndOrder() throws {
        let folder = try TemporaryFolder()
        let names = [
            SegmentName(host: 2, instance: 1, sequence: 1), SegmentName(host: 1, instance: 10, sequence: 2),
            SegmentName(host: 1, instance: 10, sequence: 16), SegmentName(host: 1, instance: 9, sequence: 255),
            SegmentName(host: 0xFFFFFF, instance: 0xFFFFFF, sequence: 0xFFFFFF),
        ]
        for name in names {
            try Data(count: 10).write(to: URL(fileURLWithPath: "\(folder.path)/\(name.file(.segment))"))
        }
        for other in ["notes", "000001-00000a-000002.JOURNAL", "00000A-00000a-000002.journal", "1-2-3.journal"] {
            try Data(count: 5).write(to: URL(fileURLWithPath: "\(folder.path)/\(other)"))
        }
        let torn = "\(folder.path)/\(names[0].file(.torn))"
        try Data(count: 7).write(to: URL(fileURLWithPath: torn))
        let contents = try JournalFolder.contents(folder.path)
        #expect(contents.segments.map(\.name) == names.sorted())
        #expect(contents.segments.first?.path == "\(folder.path)/000001-000009-0000ff.journal")
        #expect(contents.torn == 1)
        #expect(contents.bytes == 5 * 10 + 4 * 5 + 7)
        #expect(try JournalFolder.bytes(folder.path) == contents.bytes)
        #expect(throws: JournalError.self) { try JournalFolder.contents(folder.path + "/none") }
    }

    @Test func quarantineKeepsTheFileAndNeverReplacesOne() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        _ = writer.begin(JournalFixture.begin(1))
        writer.close()
        let segment = try #require(try fixture.segments.first)
        let before = try Data(contentsOf: URL(fileURLWithPath: segment.path))
        let path = try JournalFolder.quarantine(segment)
        #expect(path == "\(fixture.path)/abcdef-000007-000001.journal.torn")
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(try fixture.segments.isEmpty)
        try Data([1]).write(to: URL(fileURLWithPath: segment.path))
        #expect(throws: JournalError.self) { try JournalFolder.quarantine(segment) }
        #expect(fixture.folder.files.count == 2)
        try JournalFolder.remove(segment)
        try JournalFolder.remove(segment)
        #expect(fixture.folder.files == ["abcdef-000007-000001.journal.torn"])
    }

    @Test func unfinishedSegmentsOfTheDeadAreRemoved() throws {
        let folder = try TemporaryFolder()
        let name = SegmentName(host: 1, instance: 2, sequence: 3).file(.unfinished)
        try Data(count: 4096).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        let contents = try JournalFolder.contents(folder.path)
        #expect(contents.segments.isEmpty)
        #expect(JournalFolder.removeUnfinished(folder.path, contents) == 1)
        #expect(folder.files.isEmpty)
    }

    @Test func aLivingOwnerIsSeenThroughItsNewestSegment() throws {
        let fixture = try JournalFixture()
        let (first, second) = (try fixture.writer(instance: 1), try fixture.writer(instance: 2))
        _ = first.begin(JournalFixture.begin(1))
        _ = second.begin(JournalFixture.begin(1))
        #expect(try JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 1, in: fixture.path))
        #expect(try JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 2, in: fixture.path))
        #expect(try !JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 3, in: fixture.path))
        first.close()
        #expect(try !JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 1, in: fixture.path))
        #expect(try JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 2, in: fixture.path))
        second.close()
        #expect(try !JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 2, in: fixture.path))
    }

    /// The lock must never be seen free between two segments: it is asked for all the time while the owner rolls over.
    @Test func theOwnerIsAliveAtEveryMomentOfRollingOver() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        var asked = 0
        var number: UInt64 = 0
        while try fixture.segments.last?.name.sequence ?? 0 < 12, number < 100_000 {
            let admission = writer.begin(JournalFixture.begin(number))
            if admission == .recorded { writer.settle(JournalFixture.settle(number), admission) }
            number += 1
            #expect(try JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 7, in: fixture.path))
            asked += 1
        }
        #expect(asked > 500)
        writer.close()
    }

    @Test func aSegmentHasBegunWithItsFirstRecord() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        let segment = try #require(try fixture.segments.first)
        #expect(try !segment.hasBegun())
        _ = writer.begin(JournalFixture.begin(1))
        #expect(try segment.hasBegun())
        writer.close()
        try JournalFolder.remove(segment)
        #expect(try !segment.hasBegun())
    }
}
