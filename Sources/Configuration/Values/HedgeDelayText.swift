import Domain

/// When a second call is made, as the configuration writes it: `2s`, `p95`.
enum HedgeDelayText {
    private static let expectation = "a duration such as 2s, p50 to p99, or null for no second call"

    static func parse(_ text: String) throws(ValueError) -> RoutePolicy.HedgeDelay {
        if text.hasPrefix("p") {
            guard let percent = DecimalText.parse(text.utf8.dropFirst()), (50...99).contains(percent) else {
                throw ValueError("expected \(self.expectation)")
            }
            return .percentile(UInt8(percent))
        }
        guard DecimalText.parseLeading(text) != nil else { throw ValueError("expected \(self.expectation)") }
        return .time(try DurationText.parseMilliseconds(text, in: .milliseconds(1) ... .seconds(600)))
    }

    static func text(of delay: RoutePolicy.HedgeDelay) -> String {
        switch delay {
        case .time(let milliseconds): DurationText.text(of: .milliseconds(milliseconds))
        case .percentile(let percent): "p\(percent)"
        }
    }
}
