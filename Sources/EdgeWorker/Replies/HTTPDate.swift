import Domain

/// The value of a `Date` header, `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// 29 bytes of ASCII for a time in seconds since 1970.
    static func bytes(seconds: UInt64) -> [UInt8] {
        let day = Int(clamping: seconds / 86_400)
        let second = Int(seconds % 86_400)
        let date = CalendarDay(daysSince1970: day)
        var text = "\(self.days[day % 7]), \(self.two(date.day)) \(self.months[date.month - 1]) \(date.year) "
        text += "\(self.two(second / 3600)):\(self.two(second / 60 % 60)):\(self.two(second % 60)) GMT"
        return Array(text.utf8)
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
