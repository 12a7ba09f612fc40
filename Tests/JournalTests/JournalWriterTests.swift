import Domain
import Synchronization
import Testing

@testable import Journal

@Suite struct JournalWriterTests {
    @Test func whatIsRecordedIsRead() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        var samples = SampleRecords(seed: 5)
        let (begin, settle) = (samples.begin(), samples.settle())
        let (attempt, end) = (samples.attempt(), samples.attemptEnd())
        let orphan = samples.settle()
        let admission = writer.begin(begin)
        let attemptAdmission = writer.attempt(attempt)
        #expect(admission == .recorded)
        #expect(attemptAdmission == .recorded)
        writer.attemptEnd(end, attemptAdmission, orphan: orphan)
        writer.settle(settle, admission)
        writer.close()
        let reading = try fixture.readAll()
        #expect(
            reading.records == [.begin(begin), .attempt(attempt), .attemptEnd(end), .settle(orphan), .settle(settle)])
        #expect(reading.problems.isEmpty)
        #expect(writer.lost == 0)
        #expect(writer.begin(begin) == .refused)
    }

    @Test func anIdleJournalIsOneSegmentAndLeavesNothing() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        #expect(fixture.folder.files == ["abcdef-000007-000001.journal"])
        #expect(try JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 7, in: fixture.path))
        writer.close()
        #expect(fixture.folder.files.isEmpty)
        #expect(try !JournalOwnerLock.isAlive(host: 0xABCDEF, instance: 7, in: fixture.path))
    }

    @Test func itRollsOverAndTheFormerSegmentsAreClosed() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer()
        var sent: UInt64 = 0
        while try fixture.segments.count < 6 {
            let admission = writer.begin(JournalFixture.begin(sent, label: "roll"))
            if admission == .recorded {
                writer.settle(JournalFixture.settle(sent), admission)
                sent += 1
            }
            guard sent < 100_000 else { break }
        }
        // All but the one being written and at most two ready ones end with the mark, while the owner lives.
        for segment in try fixture.segments.prefix(3) {
            let reader = try SegmentReader(segment)
            while case .record = try reader.next(ownerIsGone: false) {}
            #expect(try reader.next(ownerIsGone: false) == .finished)
        }
        writer.close()
        let reading = try fixture.readAll()
        let settles = reading.records.compactMap { if case .settle(let record) = $0 { record.record.low } else { nil } }
        #expect(settles == Array(0..<sent))
        #expect(reading.problems.isEmpty)
    }

    @Test(arguments: [true, false]) func whatWasAdmittedCanAlwaysEnd(isStrict: Bool) throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer(maxBytes: 14 * 64 * 1024, isStrict: isStrict)
        // Open requests until nothing more is admitted and nothing more comes: full to the brim.
        var open: [(UInt64, JournalWriter.Admission)] = []
        var number: UInt64 = 0
        let isFull = try eventually {
            let admission = writer.begin(SampleRecords.longest(number).0)
            if admission == .recorded { open.append((number, admission)) }
            number += 1
            return try admission != .recorded && fixture.segments.count == 14 && writer.isFull
        }
        #expect(isFull)
        let before = writer.lost
        #expect(isStrict == (before == 0))
        #expect(open.count > 200)
        // A short one does not go where a long one does not either, because all room is promised.
        for (id, admission) in open { writer.settle(SampleRecords.longest(id).1, admission) }
        #expect(writer.lost == before)
        writer.close()
        let reading = try fixture.readAll()
        #expect(reading.problems.isEmpty)
        #expect(reading.records.count == 2 * open.count)
        #expect(try fixture.segments.count <= 14)
    }

    @Test func upstreamReservationsHoldToo() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer(maxBytes: 12 * 64 * 1024)
        var samples = SampleRecords(seed: 11)
        var open: [JournalWriter.Admission] = []
        let isFull = try eventually {
            let admission = writer.attempt(samples.attempt())
            if admission == .recorded { open.append(admission) }
            return try admission == .refused && fixture.segments.count == 12 && writer.isFull
        }
        #expect(isFull)
        let orphan = SampleRecords.longest(1).1
        let end = AttemptEndRecord(
            record: orphan.record, number: 1, status: 200, billed: .yes, usage: orphan.usage, cost: 1,
            error: [UInt8](repeating: 1, count: 900))
        for admission in open { writer.attemptEnd(end, admission, orphan: orphan) }
        #expect(writer.lost == 0)
        writer.close()
        #expect(try fixture.readAll().records.count == 3 * open.count)
    }

    @Test func endsWithoutOrphanGiveTheirReservationBack() throws {
        let fixture = try JournalFixture()
        let writer = try fixture.writer(maxBytes: 64 * 1024)
        var samples = SampleRecords(seed: 12)
        // One attempt after the other; more than reservations that were never given back would leave room for.
        for _ in 0..<40 {
            var attempt = samples.attempt()
            attempt.model = []
            attempt.provider = []
            attempt.keyName = []
            let admission = writer.attempt(attempt)
            #expect(admission == .recorded)
            writer.attemptEnd(
                AttemptEndRecord(record: attempt.record, number: 1, status: 200, billed: .yes), admission)
        }
        #expect(writer.lost == 0)
    }

    @Test func twoOwnersNeverShareANumber() throws {
        let fixture = try JournalFixture()
        let first = try fixture.writer()
        _ = first.begin(JournalFixture.begin(1))
        #expect(throws: JournalError.self) { try fixture.writer() }
        first.close()
        #expect(try fixture.readAll().records == [.begin(JournalFixture.begin(1))])
    }

    @Test func aMissingFolderIsNamed() throws {
        let fixture = try JournalFixture()
        let path = fixture.path + "/none"
        do throws(JournalError) {
            _ = try JournalWriter(folder: path, owner: fixture.owner, settings: JournalSettings())
            Issue.record("opened")
        } catch {
            #expect("\(error)".hasPrefix("\(path): open: "))
        }
    }

    @Test func segmentsAreSmallerWhereTheJournalIs() throws {
        let fixture = try JournalFixture()
        for (instance, maxBytes, size) in [(1, 1 << 30, 4 << 20), (2, 64 << 20, 1 << 20), (3, 16 << 20, 256 << 10)] {
            let writer = try JournalWriter(
                folder: fixture.path, owner: JournalOwner(host: 1, instance: UInt32(instance), role: .edge),
                settings: JournalSettings(maxBytes: UInt64(maxBytes)))
            #expect(try fixture.segments.first?.size == UInt64(size))
            writer.close()
        }
    }
}
