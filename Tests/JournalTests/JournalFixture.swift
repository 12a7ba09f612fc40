import Domain
import Platform
import Synchronization

@testable import Journal

/// File operations that fail on demand.
final class FailingOperations: SegmentFileOperations {
    let allocateCode = Atomic<Int32>(0)
    let syncCode = Atomic<Int32>(0)
    let syncs = Atomic<Int>(0)

    func allocate(_ descriptor: Int32, _ size: Int) -> Int32 {
        let code = self.allocateCode.load(ordering: .relaxed)
        return code == 0 ? SystemFileOperations().allocate(descriptor, size) : code
    }

    func synchronize(_ pages: UnsafeMutableRawBufferPointer) -> Int32 {
        self.syncs.add(1, ordering: .relaxed)
        return self.syncCode.load(ordering: .relaxed)
    }
}

/// A journal's folder, and what tests do with it.
struct JournalFixture {
    let folder: TemporaryFolder
    let owner = JournalOwner(host: 0xABCDEF, instance: 7, role: .edge)
    var path: String { self.folder.path }

    init() throws {
        self.folder = try TemporaryFolder()
    }

    func writer(
        instance: UInt32 = 7, maxBytes: UInt64 = 1 << 30, isStrict: Bool = true, syncInterval: UInt32 = 20,
        segmentSize: Int = 64 * 1024, operations: any SegmentFileOperations = SystemFileOperations()
    ) throws -> JournalWriter {
        try JournalWriter(
            folder: self.path, owner: JournalOwner(host: 0xABCDEF, instance: instance, role: .edge),
            settings: JournalSettings(maxBytes: maxBytes, isStrict: isStrict, syncInterval: syncInterval),
            segmentSize: segmentSize, operations: operations)
    }

    static func begin(_ number: UInt64, label: String = "") -> BeginRecord {
        BeginRecord(
            record: RecordID(high: 1, low: number), principal: .staticKey, endpoint: .chatCompletions,
            bodyBytes: number,
            fingerprint: 3, label: Array(label.utf8))
    }

    static func settle(_ number: UInt64) -> SettleRecord {
        SettleRecord(
            record: RecordID(high: 1, low: number), rank: .edge, status: 200, outcome: .complete,
            model: Array("model".utf8), usage: TokenUsage(input: 5, output: 6), usageSource: .provider, cost: 77,
            attempts: 1)
    }

    var segments: [JournalFolder.Segment] {
        get throws { try JournalFolder.contents(self.path).segments }
    }

    /// What a pass over all segments finds, as the aggregator makes it for owners that are gone.
    struct Reading {
        var records: [JournalRecord] = []
        var problems: [JournalError] = []
        var torn: [JournalFolder.Segment] = []
    }

    func readAll() throws -> Reading {
        var reading = Reading()
        for segment in try self.segments { try JournalFixture.read(segment, into: &reading) }
        return reading
    }

    static func read(_ segment: JournalFolder.Segment, into reading: inout Reading) throws {
        let reader = try SegmentReader(segment)
        var last = reader.offset
        while true {
            switch try reader.next(ownerIsGone: true) {
            case .record(let record, let next):
                guard next > last else { throw SystemError(operation: "go forward", code: 0) }
                last = next
                reading.records.append(record)
            case .skipped(let error, _): reading.problems.append(error)
            case .torn(let error):
                reading.problems.append(error)
                reading.torn.append(segment)
                return
            case .finished: return
            case .pending: throw SystemError(operation: "pending without an owner", code: 0)
            }
        }
    }
}
