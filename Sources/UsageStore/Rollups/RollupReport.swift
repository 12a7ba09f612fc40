/// The answer to a `RollupQuery`.
public struct RollupReport: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        /// The hour or the day; nil where the period was not divided.
        public var period: Int64?
        /// One for each dimension of the query, in its order.
        public var groups: [UsageReport.Group]
        public var totals: RollupTotals

        public init(period: Int64?, groups: [UsageReport.Group], totals: RollupTotals) {
            self.period = period
            self.groups = groups
            self.totals = totals
        }
    }

    /// Over all entries.
    public var total = RollupTotals()
    /// By period, then as `UsageReport.entries`: the dearest first.
    public var entries: [Entry] = []

    public init() {}
}
