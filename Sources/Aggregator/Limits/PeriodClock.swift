import Domain

/// The calendar periods of times that come roughly in order, in one time zone: computed once a day of theirs.
struct PeriodClock {
    private let rules: TimeZoneRules
    private var periods = CalendarPeriods(day: 0, week: 0, month: 0)
    private var validity: Range<Int64> = 0..<0

    init(_ rules: TimeZoneRules) {
        self.rules = rules
    }

    /// Those of a time in seconds since 1970.
    mutating func periods(at seconds: Int64) -> CalendarPeriods {
        if !self.validity.contains(seconds) {
            self.periods = CalendarPeriods(at: seconds, in: self.rules)
            self.validity = seconds..<max(seconds &+ 1, CalendarPeriods.end(of: .day, at: seconds, in: self.rules))
        }
        return self.periods
    }
}
