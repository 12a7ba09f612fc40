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
        // Days from 1970 to a civil date, counted in eras of 400 years that begin in March.
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        var text = "\(self.days[day % 7]), \(self.two(dayOfMonth)) \(self.months[month - 1]) \(year) "
        text += "\(self.two(second / 3600)):\(self.two(second / 60 % 60)):\(self.two(second % 60)) GMT"
        return Array(text.utf8)
    }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
