import Glibc

/// Points in time as log lines show them, without Foundation.
public enum Timestamp {
    /// Milliseconds since 1970, as the wall clock says now.
    @Sendable
    public static func now() -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0, time.tv_sec >= 0 else { return 0 }
        return UInt64(time.tv_sec) &* 1000 &+ UInt64(time.tv_nsec) / 1_000_000
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-03-01T09:05:07.045Z`; times beyond the year 9999 show as its end.
    public static func text(milliseconds: UInt64) -> String {
        let bounded = min(milliseconds, 253_402_300_799_999)
        let inDay = bounded % 86_400_000
        let (year, month, day) = Self.date(days: Int(bounded / 86_400_000))
        let (hour, minute) = (inDay / 3_600_000, inDay / 60_000 % 60)
        let (second, fraction) = (inDay / 1000 % 60, inDay % 1000)
        return "\(Self.pad(UInt64(year), 4))-\(Self.pad(UInt64(month), 2))-\(Self.pad(UInt64(day), 2))"
            + "T\(Self.pad(hour, 2)):\(Self.pad(minute, 2)):\(Self.pad(second, 2)).\(Self.pad(fraction, 3))Z"
    }

    /// The Gregorian date of a day counted from 1970-01-01. Years are taken to start in March, so that the leap day is the
    /// last of its year.
    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func pad(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
