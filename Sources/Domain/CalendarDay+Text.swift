extension CalendarDay {
    /// Days from 1970-01-01 to that day, of the years 1 to 9999; nil for a day that no calendar has.
    public static func daysSince1970(year: Int, month: Int, day: Int) -> Int? {
        guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Years are taken to start in March, as in `init(daysSince1970:)`.
        let shifted = month <= 2 ? year - 1 : year
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = shifted / 400 * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let back = CalendarDay(daysSince1970: days)
        return back.year == year && back.month == month && back.day == day ? days : nil
    }
}

extension CalendarDay: CustomStringConvertible {
    /// Such as `2026-11-22`.
    public var description: String {
        "\(Self.padded(self.year, 4))-\(Self.padded(self.month, 2))-\(Self.padded(self.day, 2))"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
