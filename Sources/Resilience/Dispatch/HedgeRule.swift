public import Domain

/// When a second call is made beside one whose first token has not come. Pure.
public enum HedgeRule {
    /// Nanoseconds after the call began; nil where there is none, as too little is known of the place.
    public static func delay(
        _ hedgeAfter: RoutePolicy.HedgeDelay, of place: Int, _ places: some CallPlaces
    ) -> UInt64? {
        switch hedgeAfter {
        case .time(let milliseconds):
            let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
            return overflow ? .max : nanoseconds
        case .percentile(let percent): return places.firstTokenTime(of: place, percent: percent)
        }
    }
}
