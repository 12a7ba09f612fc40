/// What the aggregator does by a schedule, once in each period over all hosts that share a usage database.
public enum Job: String, Hashable, Sendable, CaseIterable {
    /// Adds up anew the days since it ran last, and puts right sums that differ.
    case rollup
    /// Removes what is older than it is to be kept.
    case prune
}
