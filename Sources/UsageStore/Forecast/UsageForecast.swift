import Glibc

/// What will have been used by the end of a period, from what was used each day before. Pure.
///
/// The level is the mean of the last two weeks, the shape of a week that of the last four, and the trend, where it is more than chance,
/// that of the last two weeks over the two before; with less history there is less of it. An estimate of days to come, so it is worked out in floating point, also for
/// money: nothing is billed by it.
public struct UsageForecast: Hashable, Sendable {
    public var expected: Int64
    /// Between these it will be in four of five cases, if the days to come scatter as those before.
    public var low: Int64
    public var high: Int64

    /// Days of history that count.
    public static let history = 56
    private static let week = 7
    /// What a day may have more or less than the one before it.
    private static let growth = 0.97...1.03

    /// `days` are the sums of whole days, the oldest first, yesterday's last; `today` is what today has so far; `passed` the part of
    /// today that is over (0…1); `left` the days after today; `soFar` all that the period has already, with today's.
    public init(days: [Int64], today: Int64, passed: Double, left: Int, soFar: Int64) {
        let days = days.suffix(Self.history).map { Double(max(0, $0)) }
        let passed = min(max(0, passed), 1)
        let model = Model(days, today: Double(max(0, today)), passed: passed)
        let ahead = (0..<max(0, left)).reduce(0.0) { $0 + model.value(ahead: $1 + 1) }
        let rest = model.value(ahead: 0) * (1 - passed) + ahead
        // Errors of single days are taken to be independent of each other.
        let spread = 1.28 * model.deviation * (Double(max(0, left)) + 1 - passed).squareRoot()
        let base = Double(max(0, soFar))
        self.expected = Self.whole(base + rest)
        self.low = Self.whole(max(base, base + rest - spread))
        self.high = Self.whole(base + rest + spread)
    }

    private static func whole(_ value: Double) -> Int64 {
        value.isFinite ? Int64(clamping: Int128(max(0, min(value, 1e30)).rounded())) : .max
    }

    /// Level, shape of the week, and trend.
    private struct Model {
        private var level = 0.0
        /// How many days ago the level was that of a day.
        private var middle = 0.0
        private var growth = 1.0
        /// Of the weekday that many days after today's; their mean is 1.
        private var shape = [Double](repeating: 1, count: UsageForecast.week)
        /// Standard deviation of a day.
        private(set) var deviation = 0.0

        init(_ days: [Double], today: Double, passed: Double) {
            let week = UsageForecast.week
            guard !days.isEmpty else {
                // Nothing but the pace of today.
                self.level = passed > 0 ? today / passed : 0
                return
            }
            let weeks = min(days.count / week, 4)
            let recent = days.suffix(max(1, weeks) * week)
            self.level = Self.mean(days.suffix(2 * week))
            self.middle = Double(min(days.count, 2 * week) + 1) / 2
            if weeks >= 1, Self.mean(recent) > 0 {
                for weekday in 0..<week {
                    // The first of these days has the weekday of today, and so on.
                    let same = stride(from: recent.startIndex + weekday, to: recent.endIndex, by: week).map { days[$0] }
                    self.shape[weekday] = Self.mean(same[...]) / Self.mean(recent)
                }
            }
            self.deviation = self.deviation(of: recent)
            guard weeks == 4 else { return }
            let older = Self.mean(days.dropLast(2 * week).suffix(2 * week))
            // Less than what chance makes of two weeks is no trend.
            let chance = 2.5 * self.deviation / Double(week).squareRoot()
            guard self.level > 0, older > 0, abs(self.level - older) > chance else { return }
            let daily = Self.power(self.level / older, 1 / Double(2 * week))
            self.growth = min(max(daily, UsageForecast.growth.lowerBound), UsageForecast.growth.upperBound)
            self.deviation = self.deviation(of: recent)
        }

        /// Of a day; 0 is today.
        func value(ahead: Int) -> Double {
            let week = UsageForecast.week
            let weekday = ((ahead % week) + week) % week
            return self.level * Self.power(self.growth, Double(ahead) + self.middle) * self.shape[weekday]
        }

        private static func mean(_ values: ArraySlice<Double>) -> Double {
            values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        }

        /// How far these days, the last of which was yesterday, were from what they would have been expected to be.
        private func deviation(of days: ArraySlice<Double>) -> Double {
            guard days.count > 1 else { return 0 }
            let squares = days.enumerated().reduce(0.0) { sum, day in
                let error = day.element - self.value(ahead: day.offset - days.count)
                return sum + error * error
            }
            return (squares / Double(days.count - 1)).squareRoot()
        }

        private static func power(_ base: Double, _ exponent: Double) -> Double { exp(exponent * log(base)) }
    }
}
