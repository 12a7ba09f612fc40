import Database

/// What one turn of reading journals has come to.
struct IngestReport: Sendable {
    /// Nil when the database refused.
    var outcome: JournalTail.Outcome?
    var failure: DatabaseError?
    var isOpen = false
    var standings = JournalStandings()
    var counts = IngestCounts()
    /// When the limit table wants to be looked after again.
    var limits = LimitTableKeeper.Next.later
    /// When there is more to do by a schedule.
    var housekeeping = Housekeeper.Next.later
    /// Nil where nothing is done by a schedule.
    var jobCounts: JobCounts?
    /// Nil where no limit table is kept, or nobody wanted to know.
    var limitCounts: LimitCounts?
    /// What was in flight at processes that are dead and read.
    var answers: [IngestOrder.Question: [UInt64]] = [:]
}
