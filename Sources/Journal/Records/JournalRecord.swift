/// One entry of a journal.
public enum JournalRecord: Hashable, Sendable {
    case begin(BeginRecord)
    case attempt(AttemptRecord)
    case attemptEnd(AttemptEndRecord)
    case settle(SettleRecord)
}
