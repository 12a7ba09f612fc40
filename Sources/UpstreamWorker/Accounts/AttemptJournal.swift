internal import Domain
internal import Journal

/// Where an upstream records its provider calls. In production a `JournalWriter`.
protocol AttemptJournal: AnyObject {
    func attempt(_ record: AttemptRecord) -> JournalWriter.Admission
    func attemptEnd(_ record: AttemptEndRecord, _ admission: JournalWriter.Admission, orphan: SettleRecord?)
    func update(_ settings: JournalSettings)
    func close()
    /// Records that were not written: the policy is `open` and there was no room.
    var lost: UInt64 { get }
}

extension JournalWriter: AttemptJournal {}
