import Domain
import TestSupport
import Testing

@testable import Journal

/// Records with members that come from a seed: the same seed, the same record.
struct SampleRecords {
    private var random: SplitMix

    init(seed: UInt64) {
        self.random = SplitMix(seed: seed)
    }

    mutating func number() -> UInt64 { self.random.next() >> UInt64(self.random.next() % 64) }

    mutating func text(_ maximum: Int) -> [UInt8] {
        let count = self.random.next() % 4 == 0 ? maximum : Int(self.random.next() % UInt64(maximum / 8 + 1))
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: self.random.next()) }
    }

    mutating func usage() -> TokenUsage {
        var usage = TokenUsage()
        for tokenClass in TokenClass.allCases where self.random.next() % 2 == 0 {
            usage[tokenClass] = Int64((self.random.next() >> 1) >> (self.random.next() % 63))
        }
        return usage
    }

    /// Some of it in half of the cases.
    mutating func units() -> CallUnits? {
        guard self.random.next() % 2 == 0 else { return nil }
        var units = CallUnits()
        for unitClass in UnitClass.allCases where self.random.next() % 3 == 0 {
            units[unitClass] = Int64((self.random.next() >> 1) >> (self.random.next() % 63))
        }
        return units.isEmpty ? nil : units
    }

    mutating func service() -> ServiceTier { ServiceTier.allCases.randomElement(using: &self.random) ?? .standard }

    mutating func id() -> RecordID { RecordID(high: self.random.next(), low: self.random.next()) }
    mutating func entity() -> EntityID { EntityID(high: self.random.next(), low: self.random.next()) }

    mutating func begin() -> BeginRecord {
        BeginRecord(
            record: self.id(),
            principal: Principal(
                organization: self.entity(), project: self.entity(), key: self.entity(),
                user: self.random.next() % 2 == 0 ? nil : self.entity()),
            endpoint: Endpoint.allCases[Int(self.random.next() % UInt64(Endpoint.allCases.count))],
            bodyBytes: self.number(),
            fingerprint: self.random.next(), zone: Int8(truncatingIfNeeded: self.random.next() & self.random.next()),
            traceID: self.random.next() % 2 == 0 ? [] : Array(repeating: 7, count: 16),
            label: self.text(1024), tags: self.text(1024))
    }

    mutating func attempt() -> AttemptRecord {
        AttemptRecord(
            record: self.id(), number: UInt8(truncatingIfNeeded: self.random.next()), provider: self.text(256),
            model: self.text(256), keyName: self.text(256), price: self.random.next(), startedAt: self.number())
    }

    mutating func attemptEnd() -> AttemptEndRecord {
        AttemptEndRecord(
            record: self.id(), number: UInt8(truncatingIfNeeded: self.random.next()),
            status: UInt16(truncatingIfNeeded: self.random.next()),
            billed: [.unknown, .yes, .no].randomElement(using: &self.random) ?? .unknown,
            usageSource: [.none, .provider, .estimated].randomElement(using: &self.random) ?? .none,
            usage: self.usage(), service: self.service(), units: self.units(),
            cost: self.random.next() % 2 == 0 ? nil : Int64(bitPattern: self.random.next()),
            finish: [.none, .stop, .other].randomElement(using: &self.random) ?? .none, error: self.text(256),
            connected: self.number(), firstContent: self.number(), total: self.number(), replyBytes: self.number())
    }

    mutating func settle() -> SettleRecord {
        SettleRecord(
            record: self.id(), rank: [.edge, .upstream, .recovery].randomElement(using: &self.random) ?? .edge,
            status: UInt16(truncatingIfNeeded: self.random.next()),
            outcome: [.unknown, .complete, .disconnected, .error].randomElement(using: &self.random) ?? .unknown,
            finish: [.none, .stop, .other].randomElement(using: &self.random) ?? .none,
            isStream: self.random.next() % 2 == 0, isCacheHit: self.random.next() % 2 == 0,
            fault: [nil, .client, .provider, .gateway].randomElement(using: &self.random) ?? nil, model: self.text(256),
            provider: self.text(256),
            modelSent: self.text(256), usage: self.usage(),
            usageSource: [.none, .provider, .estimated].randomElement(using: &self.random) ?? .none,
            cost: self.random.next() % 2 == 0 ? nil : Int64(bitPattern: self.random.next()),
            attempts: UInt8(truncatingIfNeeded: self.random.next()), error: self.text(256), replyBytes: self.number(),
            received: self.number(), dispatched: self.number(), firstByte: self.number(), total: self.number(),
            trail: self.text(DecisionTrail.maximumSize))
    }

    mutating func any() -> JournalRecord {
        switch self.random.next() % 4 {
        case 0: .begin(self.begin())
        case 1: .attempt(self.attempt())
        case 2: .attemptEnd(self.attemptEnd())
        default: .settle(self.settle())
        }
    }

    /// A BEGIN and a SETTLE as long as any.
    static func longest(_ number: UInt64) -> (BeginRecord, SettleRecord) {
        let id = RecordID(high: 1, low: number)
        let text = [UInt8](repeating: 0x78, count: 2000)
        var principal = Principal.staticKey
        principal.user = EntityID(high: 3, low: 4)
        var usage = TokenUsage()
        for tokenClass in TokenClass.allCases { usage[tokenClass] = .max }
        return (
            BeginRecord(
                record: id, principal: principal, endpoint: .embeddings, bodyBytes: 1, fingerprint: 2, zone: -20,
                traceID: Array(repeating: 1, count: 16), label: text, tags: text),
            SettleRecord(
                record: id, rank: .edge, status: 200, outcome: .complete, model: text, provider: text, modelSent: text,
                usage: usage, cost: 1, error: text,
                trail: [UInt8](repeating: 1, count: DecisionTrail.maximumSize))
        )
    }
}

extension JournalRecord {
    static func decode(_ bytes: [UInt8]) throws(LentRecord.DecodingFailure) -> JournalRecord {
        let copier = RecordCopier()
        let failure: LentRecord.DecodingFailure? = unsafe bytes.withUnsafeBytes { buffer in
            do throws(LentRecord.DecodingFailure) {
                try unsafe LentRecord.show(buffer, to: copier)
                return nil
            } catch {
                return error
            }
        }
        if let failure {
            // What is none is shown to nobody.
            #expect(copier.record == nil)
            throw failure
        }
        guard let record = copier.record else { throw .content }
        return record
    }
}
