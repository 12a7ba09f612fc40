import Testing

@testable import UsageStore

@Suite struct UsageForecastTests {
    /// A number in 0..<1 for each day, the same each time.
    private static func noise(_ day: Int) -> Double {
        var z = UInt64(day) &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) / Double(1 << 53)
    }

    /// Three months with a life of their own: work days and weekends, steady growth, and days that scatter by a third.
    private static let months: [@Sendable (Int) -> Double] = [
        { day in [1000, 1100, 1050, 1080, 900, 200, 150][day % 7] },
        { day in 500 * (1 + 0.008 * Double(day)) * (day % 7 < 5 ? 1.2 : 0.5) },
        { day in 2_000_000_000 * (0.67 + 0.66 * noise(day)) * (day % 7 < 5 ? 1 : 0.7) },
    ]

    @Test(arguments: [0, 1, 2], [7, 10, 14, 20, 26])
    func within10PercentOfTheMonth(_ month: Int, _ passedDays: Int) {
        let value = Self.months[month]
        // Sixty days of history before a month of 30 days.
        let days = (0..<60 + passedDays).map { Int64(value($0)) }
        let today = Int64(value(60 + passedDays) / 2)
        let soFar = days.suffix(passedDays).reduce(0, +) + today
        let real = (60..<90).reduce(0.0) { $0 + value($1) }
        let forecast = UsageForecast(days: days, today: today, passed: 0.5, left: 29 - passedDays, soFar: soFar)
        #expect(abs(Double(forecast.expected) - real) <= 0.1 * real, "\(forecast) for \(real)")
        #expect(forecast.low <= forecast.expected && forecast.expected <= forecast.high && forecast.low >= soFar)
    }

    @Test func withLittleHistoryItIsThePace() {
        // Nothing but half of today.
        let first = UsageForecast(days: [], today: 50, passed: 0.5, left: 9, soFar: 50)
        #expect(first.expected == 50 + 50 + 900)
        let third = UsageForecast(days: [90, 110], today: 0, passed: 0, left: 1, soFar: 200)
        #expect(third.expected == 400 && third.low < 400 && third.high > 400)
        #expect(UsageForecast(days: [], today: 0, passed: 0, left: 30, soFar: 0).expected == 0)
        let none = UsageForecast(days: Array(repeating: 0, count: 60), today: 0, passed: 0.3, left: 30, soFar: 0)
        #expect(none == UsageForecast(days: [], today: 0, passed: 0, left: 0, soFar: 0))
    }

    @Test func theLastMomentIsWhatThereIs() {
        let forecast = UsageForecast(days: [5, 6, 7, 8, 9, 10, 11], today: 12, passed: 1, left: 0, soFar: 68)
        #expect(forecast.expected == 68 && forecast.low == 68 && forecast.high == 68)
    }

    @Test func whateverTheNumbersItEnds() {
        let huge = UsageForecast(
            days: Array(repeating: .max, count: 100), today: .max, passed: .nan, left: 31, soFar: .max)
        #expect(huge.expected == .max)
        let odd = UsageForecast(days: [-5, .min], today: -1, passed: 2, left: -3, soFar: -9)
        #expect(odd.expected == 0 && odd.low == 0)
    }
}
