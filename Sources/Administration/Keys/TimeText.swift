import Domain
import EventLog

/// Points in time as text: RFC 3339 in UTC.
public enum TimeText {
    /// Milliseconds since 1970 of a point in time in RFC 3339, such as `2027-01-31T12:30:00Z` or `2027-01-31T13:30:00.250+01:00`, or of a day
    /// such as `2027-01-31`, which begins in UTC; 0 for what was before 1970; nil for anything else, days no calendar has too. What is finer
    /// than a millisecond is left out.
    public static func milliseconds(_ text: some StringProtocol) -> UInt64? {
        var rest = Array(text.utf8)[...]
        func number(_ count: Int, _ range: ClosedRange<Int>) -> Int? {
            guard rest.count >= count else { return nil }
            var value = 0
            for byte in rest.prefix(count) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            rest = rest.dropFirst(count)
            return range.contains(value) ? value : nil
        }
        func sign(_ letters: Character...) -> Bool {
            guard let first = rest.first, letters.contains(where: { $0.asciiValue == first }) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4, 0...9999), sign("-"), let month = number(2, 1...12), sign("-"),
            let day = number(2, 1...31),
            // Calendars come again after 400 years; what is before 1970 only has to be a day.
            let days = CalendarDay.daysSince1970(year: year < 1970 ? 2000 + year % 400 : year, month: month, day: day)
        else { return nil }
        let start = year < 1970 ? Int.min / 2 : days * 86_400_000
        guard !rest.isEmpty else { return UInt64(max(0, start)) }
        // A leap second is the first of the next minute.
        guard sign("T", "t"), let hour = number(2, 0...23), sign(":"), let minute = number(2, 0...59), sign(":"),
            let second = number(2, 0...60)
        else { return nil }
        var milliseconds = 0
        if sign(".") {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            for place in 0..<3 {
                let digit = place < digits.count ? Int(digits[digits.startIndex + place] - UInt8(ascii: "0")) : 0
                milliseconds = milliseconds * 10 + digit
            }
        }
        var offset = 0
        if !sign("Z", "z") {
            let isBehind = rest.first == UInt8(ascii: "-")
            guard sign("+", "-"), let hours = number(2, 0...23), sign(":"), let minutes = number(2, 0...59) else {
                return nil
            }
            offset = (hours * 60 + minutes) * (isBehind ? -1 : 1)
        }
        guard rest.isEmpty else { return nil }
        let time = start + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds
        return UInt64(min(max(0, time), Self.last))
    }

    /// The last millisecond of the year 9999.
    private static let last = 253_402_300_799_999

    /// RFC 3339 in UTC with milliseconds.
    public static func text(milliseconds: UInt64) -> String { Timestamp.text(milliseconds: milliseconds) }
}
