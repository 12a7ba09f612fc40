import Domain
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
        let date = CalendarDay(daysSince1970: Int(bounded / 86_400_000))
        let (hour, minute) = (inDay / 3_600_000, inDay / 60_000 % 60)
        let (second, fraction) = (inDay / 1000 % 60, inDay % 1000)
        return "\(Self.pad(UInt64(date.year), 4))-\(Self.pad(UInt64(date.month), 2))-\(Self.pad(UInt64(date.day), 2))"
            + "T\(Self.pad(hour, 2)):\(Self.pad(minute, 2)):\(Self.pad(second, 2)).\(Self.pad(fraction, 3))Z"
    }

    private static func pad(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
