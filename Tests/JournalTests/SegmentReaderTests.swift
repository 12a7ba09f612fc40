import Domain
import Foundation
import TestSupport
import Testing

@testable import Journal

/// What a reader makes of damaged segments: 20 records whole, then what the test does to the last one.
@Suite struct SegmentReaderTests {
    /// A segment with `count` records of one owner that is gone.
    private struct Written {
        let fixture: JournalFixture
        let segment: JournalFolder.Segment
        let bytes: [UInt8]
        var records: [JournalRecord] = []
        /// Where each record begins, and the end.
        var offsets: [Int] = []

        init(count: UInt64 = 20) throws {
            self.fixture = try JournalFixture()
            let writer = try self.fixture.writer()
            for number in 0..<count {
                let record = JournalFixture.begin(number, label: "record \(number)")
                self.records.append(.begin(record))
                guard writer.begin(record) == .recorded else { throw LentRecord.DecodingFailure.content }
            }
            writer.close()
            let segments = try self.fixture.segments
            // An order for a second segment may have been on its way; it had no record and is gone.
            self.segment = try #require(segments.first)
            #expect(segments.count == 1)
            self.bytes = Array(try Data(contentsOf: URL(fileURLWithPath: self.segment.path)))
            let reader = try SegmentReader(self.segment)
            self.offsets = [Int(reader.offset)]
            while case .record(_, let next) = try reader.next(ownerIsGone: true) { self.offsets.append(Int(next)) }
        }

        func write(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: self.segment.path))
        }

        func reading() throws -> JournalFixture.Reading {
            var reading = JournalFixture.Reading()
            try JournalFixture.read(self.segment, into: &reading)
            return reading
        }
    }

    @Test func aFileCutAtEveryByteOfItsLastRecord() throws {
        let written = try Written()
        let last = written.offsets[19]
        for cut in last..<written.offsets[20] {
            try written.write(Array(written.bytes[..<cut]))
            let reading = try written.reading()
            // The record's end may be padding, which no reader needs.
            let isWhole = reading.records.count == 20
            #expect(isWhole == (cut >= last + 8 + Int(written.bytes[last])))
            #expect(reading.records == Array(written.records[..<(isWhole ? 20 : 19)]))
            #expect(reading.torn.count == 1)
            let at = UInt64(isWhole ? written.offsets[20] : last)
            guard case .record(written.segment.path, at, _) = reading.problems.first else {
                Issue.record("\(reading.problems)")
                return
            }
        }
    }

    @Test func theLastRecordTornAtEveryByteInAnAllocatedFile() throws {
        let written = try Written()
        let (start, end) = (written.offsets[19], written.offsets[20])
        // As a loss of power leaves it: length and checksum are there, what follows is zero from some byte on.
        for cut in (start + 8)..<(start + 8 + Int(written.bytes[start])) where written.bytes[cut] != 0 {
            var bytes = written.bytes
            for index in cut..<end { bytes[index] = 0 }
            try written.write(bytes)
            let reading = try written.reading()
            #expect(reading.records == Array(written.records[..<19]))
            #expect(
                reading.problems == [.record(path: written.segment.path, offset: UInt64(start), .checksum)])
        }
        // As a kill in the middle of an append leaves it: no length and no checksum yet, so it never was recorded.
        var bytes = written.bytes
        for index in start..<(start + 8) { bytes[index] = 0 }
        try written.write(bytes)
        let reading = try written.reading()
        #expect(reading.records == Array(written.records[..<19]))
        #expect(reading.problems.isEmpty)
    }

    @Test func everyBitOfLengthChecksumAndBodyOfARecordFlipped() throws {
        let written = try Written()
        let (start, end) = (written.offsets[19], written.offsets[19] + 8 + Int(written.bytes[written.offsets[19]]))
        for index in start..<end {
            for bit in 0..<8 {
                var bytes = written.bytes
                bytes[index] ^= 1 << UInt8(bit)
                try written.write(bytes)
                let reading = try written.reading()
                #expect(reading.records == Array(written.records[..<19]))
                #expect(reading.problems.count == 1)
                #expect(reading.torn.count == 1)
            }
        }
    }

    @Test func aFlipInTheMiddleLosesNothingBefore() throws {
        let written = try Written()
        for index in written.offsets[10]..<(written.offsets[10] + 9) {
            var bytes = written.bytes
            bytes[index] ^= 0x40
            try written.write(bytes)
            let reading = try written.reading()
            #expect(reading.records == Array(written.records[..<10]))
            #expect(reading.torn.count == 1)
        }
        // A length that became zero is a hole, not the end.
        var bytes = written.bytes
        for index in written.offsets[10]..<(written.offsets[10] + 4) { bytes[index] = 0 }
        try written.write(bytes)
        #expect(
            try written.reading().problems
                == [.record(path: written.segment.path, offset: UInt64(written.offsets[10]), .gap)])
    }

    @Test func everyByteOfTheHeaderFlipped() throws {
        let written = try Written(count: 2)
        for index in 0..<SegmentHeader.encodedSize {
            var bytes = written.bytes
            bytes[index] ^= 0x10
            try written.write(bytes)
            do throws(JournalError) {
                _ = try SegmentReader(written.segment)
                Issue.record("byte \(index) flipped and read all the same")
            } catch {
                guard case .header(written.segment.path, let offset, let problem) = error else {
                    Issue.record("\(error)")
                    return
                }
                switch index {
                case 0..<8: #expect((offset, problem) == (0, .magic))
                case 8..<12:
                    guard offset == 8, case .version = problem else {
                        Issue.record("\(error)")
                        return
                    }
                default: #expect((offset, problem) == (60, .checksum))
                }
            }
        }
    }

    @Test func aHeaderCutAtEveryByte() throws {
        let written = try Written(count: 1)
        for cut in 0..<SegmentHeader.encodedSize {
            try written.write(Array(written.bytes[..<cut]))
            #expect(throws: JournalError.header(path: written.segment.path, offset: UInt64(cut), .short)) {
                try SegmentReader(written.segment)
            }
        }
    }

    @Test func aSegmentUnderAnotherNameIsRefused() throws {
        let written = try Written(count: 1)
        let other = SegmentName(host: 1, instance: 2, sequence: 3)
        try FileManager.default.copyItem(
            atPath: written.segment.path, toPath: "\(written.fixture.path)/\(other.file(.segment))")
        let segment = try #require(try written.fixture.segments.first)
        #expect(segment.name == other)
        #expect(throws: JournalError.header(path: segment.path, offset: 12, .contradiction)) {
            try SegmentReader(segment)
        }
    }

    @Test func recordsOfAnotherSegmentAreNone() throws {
        let (one, two) = (try Written(), try Written())
        // The same offsets, lengths and contents; the number the checksums start from is another.
        try one.write(Array(one.bytes[..<4096]) + Array(two.bytes[4096...]))
        let reading = try one.reading()
        #expect(reading.records.isEmpty)
        #expect(reading.problems == [.record(path: one.segment.path, offset: 4096, .checksum)])
    }

    /// Of another kind than there is, or with a rest that no member of it says; the checksum is right.
    @Test(arguments: [true, false]) func aWholeRecordThatIsNoneIsSkipped(hasUnknownKind: Bool) throws {
        let written = try Written()
        var bytes = written.bytes
        let start = written.offsets[5]
        let length = UInt32(bytes[start])
        // The kind, or the length of the last text, which has no bytes.
        bytes[hasUnknownKind ? start + 8 : start + 8 + Int(length) - 2] = 200
        let header = try SegmentHeader(decoding: Array(bytes[..<64]))
        let checksum = unsafe bytes.withUnsafeBytes {
            unsafe SegmentFormat.checksum(
                seed: SegmentFormat.seed(nonce: header.nonce), length: length,
                body: UnsafeRawBufferPointer(rebasing: $0[(start + 8)..<(start + 8 + Int(length))]))
        }
        for index in 0..<4 { bytes[start + 4 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(index))) }
        try written.write(bytes)
        let reading = try written.reading()
        #expect(reading.records.count == 19)
        let problem: JournalError.RecordProblem = hasUnknownKind ? .kind(200) : .content
        #expect(reading.problems == [.record(path: written.segment.path, offset: UInt64(start), problem)])
        #expect(reading.torn.isEmpty)
    }

    @Test func readingGoesOnAtEveryOffset() throws {
        let written = try Written()
        for (index, offset) in written.offsets.enumerated() {
            let reader = try SegmentReader(written.segment, from: UInt64(offset))
            var records: [JournalRecord] = []
            while case .record(let record, _) = try reader.next(ownerIsGone: true) { records.append(record) }
            #expect(records == Array(written.records[index...]))
            #expect(try reader.next(ownerIsGone: true) == .finished)
        }
        for offset: UInt64 in [4097, 1 << 20, .max] {
            #expect(throws: JournalError.self) { try SegmentReader(written.segment, from: offset) }
        }
    }

    @Test func whatIsNoRecordYetIsNotTornWhileTheOwnerLives() throws {
        let written = try Written()
        var bytes = written.bytes
        bytes[written.offsets[19] + 20] ^= 1
        try written.write(bytes)
        let reader = try SegmentReader(written.segment, from: UInt64(written.offsets[19]))
        #expect(try reader.next(ownerIsGone: false) == .pending)
        #expect(try reader.next(ownerIsGone: false) == .pending)
        // It is whole now: the same reader sees it.
        let handle = try #require(FileHandle(forUpdatingAtPath: written.segment.path))
        try handle.write(contentsOf: Data(written.bytes))
        #expect(
            try reader.next(ownerIsGone: false)
                == .record(written.records[19], next: UInt64(written.offsets[20])))
        #expect(try reader.next(ownerIsGone: false) == .pending)
        #expect(try reader.next(ownerIsGone: true) == .finished)
    }

    @Test func mutatedSegmentsNeverTrap() throws {
        let written = try Written()
        var random = SplitMix(seed: 77)
        var whole = 0
        for _ in 0..<1500 {
            var bytes = Array(written.bytes[..<8192])
            for _ in 0..<(1 + Int(random.next() % 6)) {
                let range = written.offsets[0]..<written.offsets[20]
                bytes[Int.random(in: range, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 3 == 0 { bytes = Array(bytes[..<Int.random(in: 4096..<8192, using: &random)]) }
            try written.write(bytes)
            let reading = try written.reading()
            // What is delivered was recorded, in order, from the first on.
            #expect(written.records.starts(with: reading.records))
            if reading.records.count == 20 { whole += 1 }
        }
        #expect(whole < 200)
    }
}
