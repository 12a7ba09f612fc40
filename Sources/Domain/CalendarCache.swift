/// The periods of times that come roughly in order, in one time zone: computed once for each day and not once for each time.
///
/// Pure: times are passed in, in seconds since 1970. A time that lies before the others makes it compute again.
public struct CalendarCache: Hashable, Sendable {
    public let rules: TimeZoneRules
    private var periods: CalendarPeriods
    /// The times for which `periods` is known to hold.
    private var validity: Range<Int64>
    private var offset: Int8 = 0
    /// The times for which `offset` is known to hold.
    private var offsetValidity: Range<Int64> = 0..<0

    public init(_ rules: TimeZoneRules, at seconds: Int64) {
        self.rules = rules
        self.periods = CalendarPeriods(at: seconds, in: rules)
        self.validity = CalendarCache.validity(seconds, rules)
    }

    public mutating func periods(at seconds: Int64) -> CalendarPeriods {
        if !self.validity.contains(seconds) {
            self.periods = CalendarPeriods(at: seconds, in: self.rules)
            self.validity = CalendarCache.validity(seconds, self.rules)
        }
        return self.periods
    }

    /// What clocks are ahead of UTC, in quarter hours; rounded down where it is not a number of these.
    public mutating func quarterHours(at seconds: Int64) -> Int8 {
        if !self.offsetValidity.contains(seconds) {
            let offset = self.rules.offset(at: seconds)
            self.offset = Int8(clamping: (offset - (offset < 0 ? 899 : 0)) / 900)
            self.offsetValidity = self.rules.stretch(around: seconds)
        }
        return self.offset
    }

    /// All periods change with a day only, so the end of the day is the end of all that was computed.
    private static func validity(_ seconds: Int64, _ rules: TimeZoneRules) -> Range<Int64> {
        seconds..<max(seconds &+ 1, CalendarPeriods.end(of: .day, at: seconds, in: rules))
    }
}
