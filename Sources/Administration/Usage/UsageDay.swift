import Domain

/// Days and months as reports are asked for by, in days since 1970.
enum UsageDay {
    /// Of a text such as `2026-11-22`; nil for anything else, and for days before 1970.
    static func number(_ text: String) -> Int64? {
        guard text.utf8.count == 10, let milliseconds = TimeText.milliseconds(text), milliseconds % 86_400_000 == 0,
            // Days before 1970 are taken for its first one.
            milliseconds > 0 || text.utf8.elementsEqual("1970-01-01".utf8)
        else { return nil }
        return Int64(clamping: milliseconds / 86_400_000)
    }

    /// The days of a month such as `2026-11`; nil for anything else.
    static func month(_ text: String) -> Range<Int64>? {
        guard text.utf8.count == 7, let first = self.number("\(text)-01") else { return nil }
        return first..<first + self.length(ofMonthWith: first)
    }

    /// The days of the month that has this day.
    static func month(with day: Int64) -> Range<Int64> {
        let first = day - Int64(CalendarDay(daysSince1970: Int(day)).day) + 1
        return first..<first + self.length(ofMonthWith: first)
    }

    private static func length(ofMonthWith first: Int64) -> Int64 {
        // 31 days after the first of any month lie one of the first days of the next.
        32 - Int64(CalendarDay(daysSince1970: Int(first) + 31).day)
    }

    /// Such as `2026-11-22`.
    static func text(_ day: Int64) -> String {
        "\(CalendarDay(daysSince1970: Int(min(max(day, 0), 2_932_896))))"
    }

    /// Such as `2026-11`.
    static func text(monthWith day: Int64) -> String { String(self.text(day).prefix(7)) }
}
