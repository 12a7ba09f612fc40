public import Database

/// A job that is done a little at a time, each step in a transaction of its own: whoever does it is free between two of them.
public protocol JobSteps: AnyObject {
    /// Does about `limit` rows more. What was undone because it throws is done again by the next call.
    func step(limit: Int) throws(DatabaseError) -> JobStep
}

/// What a step came to.
public struct JobStep: Hashable, Sendable {
    /// Rows that were removed, or put right.
    public var amount: Int64
    /// There is nothing left to do.
    public var isLast: Bool

    public init(amount: Int64, isLast: Bool) {
        self.amount = amount
        self.isLast = isLast
    }
}
