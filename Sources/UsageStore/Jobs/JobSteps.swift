public import Database

/// A job that is done a little at a time, each step in a transaction of its own: whoever does it is free between two of them.
public protocol JobSteps: AnyObject {
    /// Does about `limit` rows more. What was undone because it throws is done again by the next call.
    func step(limit: Int) throws(DatabaseError) -> JobStep
}

/// What a step came to.
public struct JobStep: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case more
        /// There is more, but it cannot be done now.
        case waits
        /// There is nothing left to do.
        case done
    }

    /// Rows that were removed, or put right.
    public var amount: Int64
    /// As many rows were looked at as were allowed.
    public var isFull: Bool
    public var state: State

    public init(amount: Int64, isFull: Bool = false, state: State) {
        self.amount = amount
        self.isFull = isFull
        self.state = state
    }
}
