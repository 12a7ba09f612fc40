public import Domain
import Foundation

/// Makes the rules of time zones for the processes that know none.
public enum ZoneRules {
    private static let secondsOfDay: Int64 = 86_400
    /// Days of rules: from the beginning of the year before the last, and 22 years on.
    private static let yearsBack = 2
    private static let yearsAhead = 20

    /// The rules of the zone with this IANA name, around `now` (seconds since 1970): every change of its offset from two
    /// calendar years back to twenty ahead. The same within a calendar year. nil for a zone this machine does not know.
    public static func make(_ name: String, around now: Int64) -> TimeZoneRules? {
        if name == "UTC" { return .utc }
        guard let zone = TimeZone(identifier: name) else { return nil }
        // About 30,000 years are possible for Foundation; clocks that are wrong by more count as that.
        let today = min(max(now / Self.secondsOfDay, 0), 10_000_000)
        let year = CalendarDay(daysSince1970: Int(today)).year
        let first = Self.newYear(year - Self.yearsBack)
        let last = Self.newYear(year + Self.yearsAhead)
        func offset(_ time: Int64) -> Int32 {
            Int32(clamping: zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time))))
        }
        var before = offset(first)
        var rules = TimeZoneRules(name: name, initialOffset: before)
        // No zone changes its offset twice in a day and back.
        for day in stride(from: first, to: last, by: Int(Self.secondsOfDay)) {
            let after = offset(day + Self.secondsOfDay)
            guard after != before else { continue }
            var (low, high) = (day, day + Self.secondsOfDay)
            while high - low > 1 {
                let middle = low + (high - low) / 2
                if offset(middle) == before { low = middle } else { high = middle }
            }
            rules.transitions.append(.init(at: high, offset: after))
            before = after
            guard rules.transitions.count < TimeZoneRules.maximumTransitions else { break }
        }
        return rules
    }

    /// Midnight of 1 January (UTC), in seconds since 1970.
    private static func newYear(_ year: Int) -> Int64 {
        let past = Int64(year) - 1
        let leapDays = past / 4 - past / 100 + past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400)
        return ((Int64(year) - 1970) * 365 + leapDays) * Self.secondsOfDay
    }
}
