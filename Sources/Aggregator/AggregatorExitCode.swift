/// Exit statuses of the aggregator beside those that all workers share.
enum AggregatorExitCode {
    /// The usage database is damaged, or not ours. The same number as control has for its own state.
    static let stateDamaged: Int32 = 74
}
