import Domain
import Testing

@testable import Journal

@Suite struct CodecTests {
    @Test func recordsComeBackAsTheyWere() throws {
        var samples = SampleRecords(seed: 1)
        for _ in 0..<4000 {
            let record = samples.any()
            #expect(try JournalRecord.decode(record.encodedBody) == record)
        }
    }

    @Test func theLongestRecordsFitTheirReservation() throws {
        let (begin, settle) = SampleRecords.longest(1)
        #expect(begin.payloadSize == BeginRecord.maximumPayload)
        #expect(settle.payloadSize == SettleRecord.maximumPayload)
        let long = [UInt8](repeating: 0x78, count: 5000)
        let attempt = AttemptRecord(
            record: begin.record, number: 1, provider: long, model: long, keyName: long, price: 1, startedAt: 1)
        #expect(attempt.payloadSize == AttemptRecord.maximumPayload)
        var units = CallUnits()
        for unitClass in UnitClass.allCases { units[unitClass] = .max }
        let end = AttemptEndRecord(
            record: begin.record, number: 1, status: 1, billed: .yes, usage: settle.usage, service: .flex, units: units,
            cost: .max, error: long)
        #expect(end.payloadSize == AttemptEndRecord.maximumPayload)
        guard case .begin(let decoded) = try JournalRecord.decode(JournalRecord.begin(begin).encodedBody) else {
            Issue.record("another kind")
            return
        }
        #expect(decoded.label == [UInt8](repeating: 0x78, count: BeginRecord.maximumText))
    }

    /// Tokens of each set of classes, with and without what follows them.
    @Test func everySetOfClassesComesBack() throws {
        for mask in 0..<UInt32(1) << UInt32(TokenClass.allCases.count) {
            var end = AttemptEndRecord(record: RecordID(high: 1, low: 2), number: 1, status: 200, billed: .yes)
            for tokenClass in TokenClass.allCases where mask & 1 << UInt32(tokenClass.rawValue) != 0 {
                end.usage[tokenClass] = 1000 + Int64(tokenClass.rawValue)
            }
            end.service = ServiceTier(rawValue: UInt8(mask % 4)) ?? .standard
            if mask % 3 == 0 { end.units = CallUnits(.imageOutput, Int64(mask) + 1) }
            let bytes = JournalRecord.attemptEnd(end).encodedBody
            guard try JournalRecord.decode(bytes) == .attemptEnd(end) else {
                Issue.record("\(end.usage) did not come back")
                return
            }
        }
    }

    /// What most calls have is written as it always was: an older program reads it.
    @Test func aCallWithoutExtrasIsWrittenAsBefore() {
        let usage = TokenUsage(input: 1, cacheRead: 2, cacheWrite: 3, output: 4, image: 5)
        let end = AttemptEndRecord(
            record: RecordID(high: 0, low: 0), number: 1, status: 200, billed: .yes, usageSource: .provider,
            usage: usage, units: CallUnits(), cost: 7)
        let counts: [UInt64] = [1, 2, 3, 4, 5]
        let body = JournalRecord.attemptEnd(end).encodedBody
        let set: [UInt8] = [0b0001_0111, 0b0000_0001]
        let expected = set + counts.flatMap { count in (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } }
        // Kind, record, number, status, billed, source and finish stand before it.
        #expect(Array(body[23..<23 + expected.count]) == expected)
        #expect(body.count == 1 + 16 + 1 + 2 + 3 + expected.count + 9 + 4 * 8 + 2)
    }

    /// Where clocks show UTC, and nothing went wrong, records are as they always were: an older program reads them.
    @Test func flagsThatSayNothingAreNotWritten() throws {
        let record = RecordID(high: 0, low: 0)
        var begin = BeginRecord(
            record: record, principal: .staticKey, endpoint: .embeddings, bodyBytes: 0, fingerprint: 0)
        let place = 1 + 16 + 48
        var body = JournalRecord.begin(begin).encodedBody
        #expect(body[place] == 0)
        #expect(body.count == place + 1 + 1 + 8 + 8 + 2 + 2)
        begin.zone = -20
        body = JournalRecord.begin(begin).encodedBody
        #expect(body[place] == 4)
        #expect(body.count == place + 1 + 1 + 8 + 8 + 1 + 2 + 2)
        #expect(try JournalRecord.decode(body) == .begin(begin))
        // A zone that is none.
        body[place + 18] = 0
        #expect(throws: LentRecord.DecodingFailure.self) { try JournalRecord.decode(body) }
        var settle = SettleRecord(record: record, rank: .edge, status: 200, outcome: .complete, isStream: true)
        let flags = 1 + 16 + 1 + 2 + 1 + 1
        body = JournalRecord.settle(settle).encodedBody
        #expect(body[flags] == 1)
        settle.isCacheHit = true
        settle.fault = .gateway
        body = JournalRecord.settle(settle).encodedBody
        #expect(body[flags] == 0b1111)
        #expect(try JournalRecord.decode(body) == .settle(settle))
        body[flags] = 16
        #expect(throws: LentRecord.DecodingFailure.self) { try JournalRecord.decode(body) }
    }

    @Test func extrasThatSayNothingAreRefused() {
        var end = AttemptEndRecord(record: RecordID(high: 0, low: 0), number: 1, status: 200, billed: .yes)
        end.service = .batch
        var body = JournalRecord.attemptEnd(end).encodedBody
        let place = 1 + 16 + 1 + 2 + 3 + 2
        #expect(body[place] == ServiceTier.batch.rawValue)
        for wrong: UInt8 in [0, 5, 255] {
            body[place] = wrong
            #expect(throws: LentRecord.DecodingFailure.self) { try JournalRecord.decode(body) }
        }
        // That a call is a request is not said.
        body[place] = ServiceTier.batch.rawValue
        body[place + 1] = 1 << UnitClass.request.rawValue
        let counted = Array(body[..<(place + 3)]) + [1, 0, 0, 0, 0, 0, 0, 0] + Array(body[(place + 3)...])
        #expect(throws: LentRecord.DecodingFailure.self) { try JournalRecord.decode(counted) }
    }

    @Test func aTrailIsKeptWholeOrNotAtAll() throws {
        var (_, settle) = SampleRecords.longest(1)
        settle.trail.append(1)
        guard case .settle(let decoded) = try JournalRecord.decode(JournalRecord.settle(settle).encodedBody) else {
            Issue.record("another kind")
            return
        }
        #expect(decoded.trail == [])
    }

    @Test func aCutTextEndsWithAWholeCharacter() {
        let text = Array(String(repeating: "a", count: 254).utf8) + Array("€ and more".utf8)
        #expect(RecordText.kept(text, 256) == 254)
        #expect(RecordText.kept(Array(text[..<256]), 256) == 256)
        #expect(RecordText.kept([UInt8](repeating: 0x80, count: 400), 256) == 256)
        #expect(RecordText.kept(Array("😀".utf8), 2) == 0)
    }

    @Test func impossibleCountsAndTraceIDsAreWrittenAsNone() throws {
        var end = AttemptEndRecord(record: RecordID(high: 1, low: 2), number: 1, status: 0, billed: .no)
        end.usage.input = -5
        guard case .attemptEnd(let decoded) = try JournalRecord.decode(JournalRecord.attemptEnd(end).encodedBody) else {
            Issue.record("another kind")
            return
        }
        #expect(decoded.usage == TokenUsage())
        var samples = SampleRecords(seed: 9)
        var begin = samples.begin()
        begin.traceID = [1, 2, 3]
        let body = JournalRecord.begin(begin).encodedBody
        begin.traceID = []
        #expect(try JournalRecord.decode(body) == .begin(begin))
    }

    @Test func mutatedRecordsNeverTrap() {
        var samples = SampleRecords(seed: 2)
        var refused = 0
        for _ in 0..<10_000 {
            var bytes = samples.any().encodedBody
            for _ in 0...Int(samples.number() % 4) {
                switch samples.number() % 5 {
                case 0: bytes = Array(bytes.prefix(Int(samples.id().low % UInt64(bytes.count + 1))))
                case 1: bytes += [UInt8(truncatingIfNeeded: samples.id().low)]
                case 2 where !bytes.isEmpty: bytes[0] = UInt8(truncatingIfNeeded: samples.id().low)
                default:
                    guard !bytes.isEmpty else { continue }
                    bytes[Int(samples.id().low % UInt64(bytes.count))] ^= 1 << UInt8(samples.id().low % 8)
                }
            }
            do throws(LentRecord.DecodingFailure) {
                // What is taken for a record can be written again.
                let record = try JournalRecord.decode(bytes)
                #expect(record.encodedBody == bytes)
            } catch {
                refused += 1
            }
        }
        #expect(refused > 3000)
    }

    @Test func everyTruncationIsRefused() {
        var samples = SampleRecords(seed: 3)
        for _ in 0..<40 {
            let bytes = samples.any().encodedBody
            for count in 0..<bytes.count {
                #expect(throws: LentRecord.DecodingFailure.self) { try JournalRecord.decode(Array(bytes[..<count])) }
            }
            #expect(throws: LentRecord.DecodingFailure.self) { try JournalRecord.decode(bytes + [0]) }
        }
    }

    @Test func anUnknownKindIsNamed() {
        do throws(LentRecord.DecodingFailure) {
            _ = try JournalRecord.decode([77, 1, 2, 3])
            Issue.record("was read")
        } catch {
            guard case .kind(77) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }
}
