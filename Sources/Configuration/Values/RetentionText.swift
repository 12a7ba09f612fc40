/// How long something is kept, as the configuration writes it: `90d`, `forever`.
enum RetentionText {
    private static let forever = "forever"
    private static let day: UInt64 = 86_400_000

    /// Milliseconds; nil: for ever. A duration must have `least` days.
    static func parse(_ text: String, least: Int64) throws(ValueError) -> UInt64? {
        if text == self.forever { return nil }
        guard DecimalText.parseLeading(text) != nil else {
            throw ValueError("expected forever or a duration such as 90d")
        }
        let range = Duration.seconds(least * 86_400) ... .seconds(36_500 * 86_400)
        do throws(ValueError) {
            return try DurationText.parseMilliseconds(text, in: range)
        } catch {
            throw ValueError("expected forever or a duration between \(least)d and 36500d")
        }
    }

    static func text(of milliseconds: UInt64?) -> String {
        guard let milliseconds else { return self.forever }
        guard milliseconds % self.day == 0 else { return DurationText.text(of: .milliseconds(milliseconds)) }
        return "\(milliseconds / self.day)d"
    }
}
