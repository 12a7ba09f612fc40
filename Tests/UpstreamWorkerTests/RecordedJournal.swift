import Domain
import Journal

@testable import UpstreamWorker

/// Keeps what is recorded, in order.
final class RecordedJournal: AttemptJournal {
    enum Entry: Hashable {
        case attempt(AttemptRecord)
        case end(AttemptEndRecord, JournalWriter.Admission)
        case orphan(SettleRecord)
    }

    private(set) var entries: [Entry] = []
    /// The answer to the next attempts.
    var admission = JournalWriter.Admission.recorded
    /// Called before each attempt is recorded.
    var onAttempt: (AttemptRecord) -> Void = { _ in }
    private(set) var isClosed = false
    var lost: UInt64 = 0

    func attempt(_ record: AttemptRecord) -> JournalWriter.Admission {
        self.onAttempt(record)
        if self.admission != .refused { self.entries.append(.attempt(record)) }
        return self.admission
    }

    func attemptEnd(_ record: AttemptEndRecord, _ admission: JournalWriter.Admission, orphan: SettleRecord?) {
        self.entries.append(.end(record, admission))
        if let orphan { self.entries.append(.orphan(orphan)) }
    }

    func update(_ settings: JournalSettings) {}

    func close() { self.isClosed = true }

    var attempts: [AttemptRecord] {
        self.entries.compactMap { if case .attempt(let record) = $0 { record } else { nil } }
    }

    var ends: [AttemptEndRecord] {
        self.entries.compactMap { if case .end(let record, _) = $0 { record } else { nil } }
    }

    var orphans: [SettleRecord] {
        self.entries.compactMap { if case .orphan(let record) = $0 { record } else { nil } }
    }

    /// What belongs to one request.
    func ends(of stream: UInt64) -> [AttemptEndRecord] { self.ends.filter { $0.record.low == stream } }

    /// Every attempt has exactly one end behind it.
    var isBalanced: Bool {
        var open: Set<[UInt64]> = []
        for entry in self.entries {
            switch entry {
            case .attempt(let record):
                guard open.insert([record.record.low, UInt64(record.number)]).inserted else { return false }
            case .end(let record, _):
                guard open.remove([record.record.low, UInt64(record.number)]) != nil else { return false }
            case .orphan: break
            }
        }
        return open.isEmpty
    }
}
