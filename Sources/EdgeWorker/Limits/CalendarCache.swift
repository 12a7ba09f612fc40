import Domain

/// The periods of now in one time zone, computed once a day and not once a request.
///
/// Pure: times are passed in, in seconds since 1970. A clock that is set back makes it compute again.
struct CalendarCache {
    let rules: TimeZoneRules
    private var periods: CalendarPeriods
    /// The times for which `periods` is known to hold.
    private var validity: Range<Int64>

    init(_ rules: TimeZoneRules, at seconds: Int64) {
        self.rules = rules
        self.periods = CalendarPeriods(at: seconds, in: rules)
        self.validity = CalendarCache.validity(seconds, rules)
    }

    /// Whether `periods(at:)` has to compute.
    func isStale(at seconds: Int64) -> Bool { !self.validity.contains(seconds) }

    mutating func periods(at seconds: Int64) -> CalendarPeriods {
        if self.isStale(at: seconds) {
            self.periods = CalendarPeriods(at: seconds, in: self.rules)
            self.validity = CalendarCache.validity(seconds, self.rules)
        }
        return self.periods
    }

    /// All periods change with a day only, so the end of the day is the end of all that was computed.
    private static func validity(_ seconds: Int64, _ rules: TimeZoneRules) -> Range<Int64> {
        seconds..<max(seconds &+ 1, CalendarPeriods.end(of: .day, at: seconds, in: rules))
    }
}
