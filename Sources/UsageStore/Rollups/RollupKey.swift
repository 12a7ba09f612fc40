/// The row of sums of a period.
struct RollupKey: Hashable, Comparable {
    /// Hour or day since 1970.
    var period: Int64
    var scope: Int64
    var route: Int64

    /// In the order in which the rows lie.
    static func < (a: RollupKey, b: RollupKey) -> Bool {
        (a.period, a.scope, a.route) < (b.period, b.scope, b.route)
    }
}

/// Sums by their rows, of hours or of days.
typealias RollupRows = [RollupKey: RollupSums]
