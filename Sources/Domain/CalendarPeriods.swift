/// Which day, week and month it is somewhere: what calendar budgets are counted by.
public struct CalendarPeriods: Hashable, Sendable {
    /// Days since 1 January 1970 in local time.
    public var day: UInt32
    /// Weeks, beginning on Monday, since the one that began on 29 December 1969.
    public var week: UInt32
    /// Months since January of year 0.
    public var month: UInt32

    public init(day: UInt32, week: UInt32, month: UInt32) {
        self.day = day
        self.week = week
        self.month = month
    }
}
