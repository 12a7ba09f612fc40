internal import Domain

/// Points in time in UTC, made of their parts.
enum CivilTime {
    /// Seconds since 1970; nil for a day or a time that does not exist, and before 1970. A leap second counts as the first of
    /// the next minute.
    static func seconds(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) -> UInt64? {
        guard (1970...9999).contains(year), (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second), let days = CalendarDay.daysSince1970(year: year, month: month, day: day)
        else { return nil }
        return UInt64(days * 86_400 + hour * 3_600 + minute * 60 + second)
    }

    /// The year of this century or a neighbour that ends with `twoDigits` and lies at most 50 years ahead (RFC 9110, 5.6.7).
    static func year(_ twoDigits: Int, now seconds: UInt64) -> Int {
        let year = CalendarDay(daysSince1970: Int(clamping: min(seconds, 253_402_300_799) / 86_400)).year
        let inThisCentury = year / 100 * 100 + twoDigits
        if inThisCentury > year + 50 { return inThisCentury - 100 }
        return inThisCentury + 50 < year ? inThisCentury + 100 : inThisCentury
    }
}
