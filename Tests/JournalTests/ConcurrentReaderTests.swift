import Domain
import Foundation
import Platform
import Synchronization
import Testing

@testable import Journal

@Suite struct ConcurrentReaderTests {
    /// Reads a folder as the aggregator does: living owners too, removing what is finished.
    private final class Tail {
        let folder: String
        private var readers: [SegmentName: SegmentReader] = [:]
        private(set) var records: [JournalRecord] = []
        private(set) var removed = 0

        init(_ folder: String) {
            self.folder = folder
        }

        /// Nil for a segment that is gone since the look into the folder: a writer that closes takes unused ones back.
        private func open(_ segment: JournalFolder.Segment) throws -> SegmentReader? {
            do {
                return try SegmentReader(segment)
            } catch .system(_, let error) where error.code == ENOENT {
                return nil
            }
        }

        /// One pass; whether the owner was gone before it.
        func pass() throws -> Bool {
            let isGone = try !JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 7, in: self.folder)
            for segment in try JournalFolder.contents(self.folder).segments {
                guard let reader = try self.readers[segment.name] ?? self.open(segment) else { continue }
                self.readers[segment.name] = reader
                reading: while true {
                    switch try reader.next(ownerIsGone: isGone) {
                    case .record(let record, _): self.records.append(record)
                    // Its owner may go on in the next one at any moment: what is there comes behind what is still to come here.
                    case .pending: return isGone
                    case .finished:
                        try JournalFolder.remove(segment)
                        self.readers[segment.name] = nil
                        self.removed += 1
                        break reading
                    case .skipped(let error, _), .torn(let error): throw error
                    }
                }
            }
            return isGone
        }
    }

    @Test func aReaderBesideAWriterThatRollsOver() throws {
        let fixture = try JournalFixture()
        let path = fixture.path
        let outcome = Mutex<Result<(records: [JournalRecord], removed: Int), any Error>?>(nil)
        let writer = try fixture.writer(maxBytes: 8 * 64 * 1024, syncInterval: 5)
        let thread = Thread {
            let result = Result<(records: [JournalRecord], removed: Int), any Error> {
                let tail = Tail(path)
                while try !tail.pass() {}
                _ = try tail.pass()
                return (tail.records, tail.removed)
            }
            outcome.withLock { $0 = result }
        }
        thread.start()
        // Far more than the journal may hold at a time: the reader's removing is what lets it go on.
        let count: UInt64 = 8000
        var sent: [JournalRecord] = []
        let isDone = eventually {
            for _ in 0..<200 where sent.count < Int(count) * 2 {
                let number = UInt64(sent.count / 2)
                let admission = writer.begin(JournalFixture.begin(number))
                guard admission == .recorded else { break }
                writer.settle(JournalFixture.settle(number), admission)
                sent += [.begin(JournalFixture.begin(number)), .settle(JournalFixture.settle(number))]
            }
            return sent.count == Int(count) * 2
        }
        #expect(isDone)
        writer.close()
        #expect(eventually { outcome.withLock { $0 != nil } })
        let (records, removed) = try #require(try outcome.withLock { try $0?.get() })
        #expect(records == sent)
        #expect(removed > 8)
        #expect(writer.lost == 0)
        #expect(fixture.folder.files.isEmpty)
    }
}
