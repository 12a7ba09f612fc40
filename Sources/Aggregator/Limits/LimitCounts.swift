import Limits

/// What the keeping of the limit table has counted, and how full it is.
struct LimitCounts: Hashable {
    /// Nil while there is no table.
    var room: LimitTableRoom?
    /// Requests whose holds were ended for processes that died.
    var recoveredHolds: UInt64 = 0
    /// Tables that were made and seeded.
    var tablesMade: UInt64 = 0
}
