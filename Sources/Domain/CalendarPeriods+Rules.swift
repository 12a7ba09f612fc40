// Integer arithmetic only. Times before the year 1 and some millions of years from now count as the first and the last
// time that is known, so that no input overflows; periods before 1970 wrap around, so that each still has a number of its own.
extension CalendarPeriods {
    /// One of the periods that budgets have.
    public enum Period: Hashable, Sendable, CaseIterable {
        case day
        /// Begins on Monday.
        case week
        case month
    }

    private static let secondsOfDay: Int64 = 86_400
    private static let earliest: Int64 = -62_135_596_800
    private static let latest: Int64 = 1 << 46

    /// The periods of a time, in seconds since 1970, where `rules` are in force.
    public init(at seconds: Int64, in rules: TimeZoneRules) {
        self.init(localDay: Self.localDay(seconds, offset: rules.offset(at: seconds)))
    }

    /// The first second since 1970 after `seconds` at which `period` is another one: a local midnight, or where clocks are
    /// put forward over midnight the time at which they are. The end of the day is how long all of `init(at:in:)` holds.
    public static func end(of period: Period, at seconds: Int64, in rules: TimeZoneRules) -> Int64 {
        let now = min(max(seconds, Self.earliest), Self.latest)
        let current = CalendarPeriods(at: now, in: rules)[period]
        var next = rules.firstTransition(after: now)
        var offset = rules.offset(at: now)
        var from = now
        // Each round is one stretch of time with one offset: there are as many as there are transitions.
        while true {
            let nextDay = Self.firstDay(after: Self.localDay(from, offset: offset), period)
            let midnight = nextDay * Self.secondsOfDay - offset
            guard next < rules.transitions.count, rules.transitions[next].at <= midnight else { return midnight }
            let transition = rules.transitions[next]
            if CalendarPeriods(at: transition.at, in: rules)[period] != current { return transition.at }
            from = transition.at
            offset = Int64(transition.offset)
            next += 1
        }
    }

    /// The number of a period.
    public subscript(_ period: Period) -> UInt32 {
        switch period {
        case .day: self.day
        case .week: self.week
        case .month: self.month
        }
    }

    private init(localDay day: Int64) {
        let date = CalendarDay(daysSince1970: Int(day))
        self.init(
            day: UInt32(truncatingIfNeeded: day), week: UInt32(truncatingIfNeeded: Self.week(of: day)),
            month: UInt32(truncatingIfNeeded: date.year * 12 + date.month - 1))
    }

    private static func localDay(_ seconds: Int64, offset: Int64) -> Int64 {
        let local = min(max(seconds, Self.earliest), Self.latest) + offset
        return Self.floor(max(local, Self.earliest), by: Self.secondsOfDay)
    }

    /// 1 January 1970 was a Thursday.
    private static func week(of day: Int64) -> Int64 { Self.floor(day + 3, by: 7) }

    /// The first day after `day` that belongs to the next period.
    private static func firstDay(after day: Int64, _ period: Period) -> Int64 {
        switch period {
        case .day: return day + 1
        case .week: return (Self.week(of: day) + 1) * 7 - 3
        case .month:
            let date = CalendarDay(daysSince1970: Int(day))
            // 31 days after the first of any month lie one of the first days of the next.
            let later = day - Int64(date.day) + 1 + 31
            return later - Int64(CalendarDay(daysSince1970: Int(later)).day) + 1
        }
    }

    private static func floor(_ value: Int64, by divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
