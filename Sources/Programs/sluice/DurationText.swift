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

    /// `45s`, `12m 5s`, `3h 12m`, `2d 4h`.
    static func text(seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")]
        guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0s" }
        let (size, name) = units[first]
        guard first + 1 < units.count, seconds % size >= units[first + 1].0 else { return "\(seconds / size)\(name)" }
        return "\(seconds / size)\(name) \(seconds % size / units[first + 1].0)\(units[first + 1].1)"
    }
}
