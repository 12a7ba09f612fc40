import Domain
import Journal

/// Where an edge writes its requests down: in the process's journal, or, in tests, in a list.
///
/// Lives on the event loop.
protocol RequestJournal: AnyObject {
    /// A request is here. `refused`: there is no room, and nothing may be done that would not be recorded.
    func begin(_ record: BeginRecord) -> JournalWriter.Admission
    /// It is over; `admission` is what `begin` has said. To be called once for each `begin` that was not refused.
    func settle(_ record: SettleRecord, _ admission: JournalWriter.Admission)
    /// Records that were not written, for want of room.
    var lost: UInt64 { get }
    /// Other settings hold from now on.
    func update(_ settings: JournalSettings)
    /// Brings to the disk what is written; nothing follows.
    func close()
}

extension JournalWriter: RequestJournal {}
