/// Dates as headers have them. Strict: nothing is left out, nothing follows.
public enum DateText {
    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let days: [(short: StaticString, rest: StaticString)] = [
        ("Mon", "day"), ("Tue", "sday"), ("Wed", "nesday"), ("Thu", "rsday"), ("Fri", "day"), ("Sat", "urday"),
        ("Sun", "day"),
    ]

    /// Seconds since 1970 of a date of HTTP (RFC 9110, 5.6.7) in any of its three forms:
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`. Whether the day of the
    /// week is the right one is not asked. `now` (seconds since 1970) tells the century of the second form.
    public static func httpSeconds(_ bytes: Span<UInt8>, now: UInt64) -> UInt64? {
        var text = Scan(count: bytes.count)
        guard let weekday = self.days.firstIndex(where: { text.skips($0.short, bytes) }) else { return nil }
        if text.skips(", ", bytes) {
            guard let day = text.number(2, bytes), text.skips(" ", bytes), let month = self.month(&text, bytes),
                text.skips(" ", bytes), let year = text.number(4, bytes), text.skips(" ", bytes),
                let time = self.time(&text, bytes), text.skips(" GMT", bytes), text.isAtEnd
            else { return nil }
            return CivilTime.seconds(
                year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second)
        }
        if text.skips(" ", bytes) {
            guard let month = self.month(&text, bytes), text.skips(" ", bytes) else { return nil }
            let width = text.skips(" ", bytes) ? 1 : 2
            guard let day = text.number(width, bytes), text.skips(" ", bytes), let time = self.time(&text, bytes),
                text.skips(" ", bytes), let year = text.number(4, bytes), text.isAtEnd
            else { return nil }
            return CivilTime.seconds(
                year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second)
        }
        guard text.skips(self.days[weekday].rest, bytes), text.skips(", ", bytes), let day = text.number(2, bytes),
            text.skips("-", bytes), let month = self.month(&text, bytes), text.skips("-", bytes),
            let year = text.number(2, bytes), text.skips(" ", bytes), let time = self.time(&text, bytes),
            text.skips(" GMT", bytes), text.isAtEnd
        else { return nil }
        return CivilTime.seconds(
            year: CivilTime.year(year, now: now), month: month, day: day, hour: time.hour, minute: time.minute,
            second: time.second)
    }

    /// Milliseconds since 1970 of a time of RFC 3339, `2024-05-01T10:00:00Z`, with a fraction or an offset too.
    public static func rfc3339Milliseconds(_ bytes: Span<UInt8>) -> UInt64? {
        var text = Scan(count: bytes.count)
        guard let year = text.number(4, bytes), text.skips("-", bytes), let month = text.number(2, bytes),
            text.skips("-", bytes), let day = text.number(2, bytes),
            text.skips("T", bytes) || text.skips("t", bytes) || text.skips(" ", bytes),
            let time = self.time(&text, bytes),
            let seconds = CivilTime.seconds(
                year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second)
        else { return nil }
        var milliseconds: UInt64 = 0
        if text.skips(".", bytes) {
            guard var digit = text.number(1, bytes) else { return nil }
            var unit: UInt64 = 100
            repeat {
                milliseconds += UInt64(digit) * unit
                unit /= 10
                guard let next = text.number(1, bytes) else { break }
                digit = next
            } while true
        }
        let utc = seconds * 1_000 + milliseconds
        if text.skips("Z", bytes) || text.skips("z", bytes) { return text.isAtEnd ? utc : nil }
        let isAhead = text.skips("+", bytes)
        guard isAhead || text.skips("-", bytes), let hour = text.number(2, bytes), text.skips(":", bytes),
            let minute = text.number(2, bytes), hour < 24, minute < 60, text.isAtEnd
        else { return nil }
        let offset = UInt64(hour * 60 + minute) * 60_000
        guard isAhead else { return utc + offset }
        return utc >= offset ? utc - offset : nil
    }

    private static func month(_ text: inout Scan, _ bytes: Span<UInt8>) -> Int? {
        self.months.firstIndex { text.skips($0, bytes) }.map { $0 + 1 }
    }

    /// `08:49:37`
    private static func time(
        _ text: inout Scan, _ bytes: Span<UInt8>
    ) -> (hour: Int, minute: Int, second: Int)? {
        guard let hour = text.number(2, bytes), text.skips(":", bytes), let minute = text.number(2, bytes),
            text.skips(":", bytes), let second = text.number(2, bytes)
        else { return nil }
        return (hour, minute, second)
    }

    /// How far a text was read.
    private struct Scan {
        let count: Int
        var index = 0

        init(count: Int) { self.count = count }

        var isAtEnd: Bool { self.index == self.count }

        /// Moves behind `word` where it comes next.
        mutating func skips(_ word: StaticString, _ bytes: Span<UInt8>) -> Bool {
            let length = word.utf8CodeUnitCount
            guard self.count - self.index >= length else { return false }
            for offset in 0..<length {
                guard unsafe bytes[self.index + offset] == word.utf8Start[offset] else { return false }
            }
            self.index += length
            return true
        }

        /// Exactly so many digits, at most four; more than those are left for what follows.
        mutating func number(_ digits: Int, _ bytes: Span<UInt8>) -> Int? {
            guard self.count - self.index >= digits else { return nil }
            var value = 0
            for offset in 0..<digits {
                guard let digit = DecimalText.digit(bytes, self.index + offset) else { return nil }
                value = value * 10 + Int(digit)
            }
            self.index += digits
            return value
        }
    }
}
