/// Durations for people.
enum DurationText {
    /// `740 µs`, `12.3 ms`, `4.56 s`; `-` for none.
    static func text(microseconds: Int64?) -> String {
        guard let microseconds else { return "-" }
        if microseconds < 1000 { return "\(microseconds) µs" }
        if microseconds < 1_000_000 { return "\(microseconds / 1000).\(microseconds / 100 % 10) ms" }
        let hundredths = microseconds / 10_000 % 100
        return "\(microseconds / 1_000_000).\(hundredths < 10 ? "0" : "")\(hundredths) s"
    }
}
