/// What the reading of journals has counted since this process started, and how things stand.
public struct IngestCounts: Hashable, Sendable {
    /// Records that were committed to the usage database.
    public var records: UInt64 = 0
    /// Transactions they came in.
    public var batches: UInt64 = 0
    /// Requests of dead edges that were settled with the rank `recovery`.
    public var recovered: UInt64 = 0
    /// Segments with a part that could not be read; they were set aside.
    public var tornTails: UInt64 = 0
    /// Records that could not be read and were passed over, and ends of segments that could not.
    public var quarantinedRecords: UInt64 = 0
    /// Files named like segments that are none; they stay where they are.
    public var unreadable: UInt64 = 0
    /// Transactions that the database refused; they were tried again.
    public var databaseErrors: UInt64 = 0
    /// The database took what it was given last, and keeps nobody waiting now.
    public var isUp = false
    /// Bytes of journal that may hold records which are not in the database yet.
    public var lag: UInt64 = 0
    /// Bytes of the journal's folder.
    public var journalBytes: UInt64 = 0
    /// Bytes of the usage database.
    public var databaseBytes: UInt64 = 0

    public init() {}
}
