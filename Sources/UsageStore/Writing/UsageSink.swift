public import Database
public import Domain
public import Journal

/// Where the aggregator writes: the usage database, whichever product it is.
///
/// Use: `begin`, any number of `add`, `setPosition`, then `commit`; after an error `rollback`, and all that was added since `begin` is as if
/// it never was, unless a commit's outcome is unknown. Records may come in any order and any number of times: each request has one row,
/// and each provider call one, and both become the same. So what may have been committed is simply written again. One user at a time.
public protocol UsageSink: AnyObject {
    /// Begins a batch.
    func begin() throws(DatabaseError)
    /// The number by which `add` knows a process.
    func owner(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> UInt32
    // Each adds a record to the batch; nothing of it is kept by reference. `owner` is the process whose journal it is from, as `owner` said.
    func add(_ begin: borrowing LentRecord.Begin) throws(DatabaseError)
    func add(_ attempt: borrowing LentRecord.Attempt, owner: UInt32) throws(DatabaseError)
    func add(_ end: borrowing LentRecord.AttemptEnd, owner: UInt32) throws(DatabaseError)
    func add(_ settle: borrowing LentRecord.Settle) throws(DatabaseError)
    /// Remembers how far a segment was read, with the same commit as what was read in it.
    func setPosition(_ offset: UInt64, of segment: String) throws(DatabaseError)
    /// Forgets a segment that is gone.
    func removePosition(of segment: String) throws(DatabaseError)
    /// How far each segment was read.
    func positions() throws(DatabaseError) -> [String: UInt64]
    /// Makes the batch last. When it throws, `rollback`.
    func commit() throws(DatabaseError)
    /// Undoes the batch.
    func rollback()
    /// Makes sure that the prices are in the database: records mean them by `Price.id`. A batch of its own.
    func add(prices: [Price]) throws(DatabaseError)
    /// Bytes of the database.
    func size() throws(DatabaseError) -> UInt64
    /// Settles what an edge that is dead has left open, with the rank `recovery`: nobody saw how it ended for the client;
    /// tokens and cost are those of its attempts. Returns how many there were.
    ///
    /// To be called inside a batch when all of the edge's journal is in the database. An attempt that comes later, from an
    /// upstream's journal, corrects the row; so does an upstream's SETTLE.
    func recover(host: UInt32, instance: UInt32) throws(DatabaseError) -> Int
    /// The fingerprints of what was in flight at a process that is dead and whose journal was read: of an edge the requests
    /// that it did not settle, of an upstream those whose calls it did not end.
    func suspects(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> [UInt64]
    /// Who does what runs by a schedule.
    var jobs: JobTable { get }
    /// Removes requests that have ended and came before `time` (milliseconds since 1970), and their calls; a request that is not settled stays.
    /// Not inside of a batch.
    func removal(ofRequestsBefore time: UInt64) -> any JobSteps
    /// Removes sums of days before `day`, counted from 1970, and of the hours in them. Not inside of a batch.
    func removal(ofSumsBefore day: Int64) -> any JobSteps
    /// Recounts the sums of some days (and of their hours) from the requests, and puts right what is wrong: one step, of about `rows` requests
    /// at a microsecond each, and of a comparison with the sums of a day. To be called between batches, with the same days until it
    /// says that it is done; after an error, it begins anew. Days of which requests were removed are left as they are.
    func repair(days: Range<Int64>, rows: Int64) throws(DatabaseError) -> RollupRepair
    /// Sums what was there before there were sums, where that is not done: one step, as of `repair`. False when nothing is left to do. Requests
    /// must not be removed before.
    func fillRollups(rows: Int64) throws(DatabaseError) -> Bool
}
