/// Durations as the configuration writes them: `50ms`, `10s`, `5m`, `24h`, `90d`.
enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The duration that `text` names, which must lie in `range`.
    static func parse(_ text: String, in range: ClosedRange<Duration>) throws(ValueError) -> Duration {
        guard let (number, unit) = DecimalText.parseLeading(text),
            let scale = self.units.first(where: { $0.name == unit })?.milliseconds
        else { throw ValueError("expected a duration: a whole number and a unit, such as 50ms, 10s, 5m or 24h") }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: scale)
        let duration = Duration.milliseconds(milliseconds)
        guard !overflow, range.contains(duration) else {
            let bounds = "between \(self.text(of: range.lowerBound)) and \(self.text(of: range.upperBound))"
            throw ValueError("expected a duration \(bounds)")
        }
        return duration
    }

    /// The same in milliseconds.
    static func parseMilliseconds(_ text: String, in range: ClosedRange<Duration>) throws(ValueError) -> UInt64 {
        UInt64(max(self.milliseconds(of: try self.parse(text, in: range)), 0))
    }

    /// The shortest exact text for `duration`, in hours at most; parts of a millisecond are dropped.
    static func text(of duration: Duration) -> String {
        let milliseconds = self.milliseconds(of: duration)
        guard milliseconds != 0 else { return "0s" }
        for unit in self.units.dropFirst() where milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "\(milliseconds)ms"
    }

    private static func milliseconds(of duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}
