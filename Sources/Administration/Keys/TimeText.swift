import Domain
import EventLog

/// Points in time as text: RFC 3339 in UTC.
public enum TimeText {
    /// Milliseconds since 1970 of `2027-01-31T12:30:00Z`, of `2027-01-31T12:30:00.250Z` or of `2027-01-31`, which is the
    /// beginning of that day in UTC; nil for anything else, years before 1970 and days no calendar has too.
    public static func milliseconds(_ text: some StringProtocol) -> UInt64? {
        var rest = Array(text.utf8)[...]
        func number(_ count: Int) -> UInt64? {
            guard rest.count >= count else { return nil }
            var value: UInt64 = 0
            for byte in rest.prefix(count) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            }
            rest = rest.dropFirst(count)
            return value
        }
        func sign(_ letter: Character) -> Bool {
            guard rest.first == letter.asciiValue else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), sign("-"), let month = number(2), sign("-"), let day = number(2), year >= 1970,
            let days = Self.days(year: Int(year), month: Int(month), day: Int(day))
        else { return nil }
        let start = UInt64(days) * 86_400_000
        guard !rest.isEmpty else { return start }
        guard sign("T"), let hour = number(2), sign(":"), let minute = number(2), sign(":"), let second = number(2),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var milliseconds: UInt64 = 0
        if sign(".") {
            guard let fraction = number(3) else { return nil }
            milliseconds = fraction
        }
        guard sign("Z"), rest.isEmpty else { return nil }
        return start + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds
    }

    /// RFC 3339 in UTC with milliseconds.
    public static func text(milliseconds: UInt64) -> String { Timestamp.text(milliseconds: milliseconds) }

    /// Days from 1970-01-01 to that day; nil for a day that does not exist.
    private static func days(year: Int, month: Int, day: Int) -> Int? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Years are taken to start in March, as in `CalendarDay`.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let back = CalendarDay(daysSince1970: days)
        return back.year == year && back.month == month && back.day == day ? days : nil
    }
}
