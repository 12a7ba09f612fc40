/// Keeps a copy of the last entry it was shown.
final class RecordCopier: RecordVisitor {
    private(set) var record: JournalRecord?

    func visit(_ begin: borrowing LentRecord.Begin) { self.record = .begin(BeginRecord(begin)) }
    func visit(_ attempt: borrowing LentRecord.Attempt) { self.record = .attempt(AttemptRecord(attempt)) }
    func visit(_ end: borrowing LentRecord.AttemptEnd) { self.record = .attemptEnd(AttemptEndRecord(end)) }
    func visit(_ settle: borrowing LentRecord.Settle) { self.record = .settle(SettleRecord(settle)) }
}
