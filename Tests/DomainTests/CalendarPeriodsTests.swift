import Domain
import Foundation
import Testing

@Suite struct CalendarPeriodsTests {
    static let zones = [
        "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "America/St_Johns",
        "UTC",
    ]

    /// A zone from 1965 to 2046 as Foundation knows it: wherever the offset changes, to the second.
    static func rules(_ name: String) throws -> (TimeZoneRules, Foundation.Calendar) {
        let zone = try #require(TimeZone(identifier: name))
        func offset(_ time: Int64) -> Int32 {
            Int32(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time))))
        }
        let first: Int64 = -157_766_400
        var rules = TimeZoneRules(name: name, initialOffset: offset(first))
        for day in stride(from: first, to: 2_400_000_000, by: 86_400) where offset(day) != offset(day + 86_400) {
            var (before, after) = (day, day + 86_400)
            while after - before > 1 {
                let middle = (before + after) / 2
                if offset(middle) == offset(day) { before = middle } else { after = middle }
            }
            rules.transitions.append(.init(at: after, offset: offset(after)))
        }
        var calendar = Foundation.Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        calendar.firstWeekday = 2
        return (rules, calendar)
    }

    /// Whatever the order of times; a change is known to the second.
    @Test(arguments: zones) func quarterHoursAreThoseOfTheMoment(_ name: String) throws {
        let (rules, _) = try Self.rules(name)
        var cache = CalendarCache(rules, at: 0)
        var times: [Int64] = [0, 1_790_000_000, -100_000_000, Int64.max, Int64.min]
        for transition in rules.transitions.suffix(6) {
            times += [transition.at, transition.at - 1, transition.at + 1]
        }
        for time in times + times.reversed() {
            let quarters = Int64(cache.quarterHours(at: time))
            let offset = rules.offset(at: time)
            #expect(quarters * 900 <= offset && offset < (quarters + 1) * 900, "\(name) \(time)")
        }
    }

    /// What Foundation says the numbers are.
    private func expected(_ time: Int64, _ calendar: Foundation.Calendar) throws -> CalendarPeriods {
        let parts = calendar.dateComponents(
            [.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: Double(time)))
        var utc = Foundation.Calendar(identifier: .gregorian)
        utc.timeZone = .gmt
        let midnight = try #require(
            utc.date(from: DateComponents(year: parts.year, month: parts.month, day: parts.day)))
        let day = Int64(midnight.timeIntervalSince1970) / 86_400
        let monday = day - Int64((try #require(parts.weekday) + 5) % 7)
        return CalendarPeriods(
            day: UInt32(truncatingIfNeeded: day), week: UInt32(truncatingIfNeeded: (monday + 3) / 7),
            month: UInt32(try #require(parts.year) * 12 + #require(parts.month) - 1))
    }

    /// Around every change of the offset, around new year and the leap days, and at random times.
    private func times(_ rules: TimeZoneRules) -> [Int64] {
        var generator = SystemRandomNumberGenerator()
        var times = rules.transitions.suffix(80).flatMap { transition in
            [-90_000, -86_400, -7200, -3601, -3600, -1800, -1, 0, 1, 1799, 1800, 3599, 3600, 7200, 86_400, 172_800]
                .map { transition.at + $0 }
        }
        // 2000-02-29, 2024-02-29, 2026-12-31, 2028-02-29, 1969-12-31
        for midnight: Int64 in [951_782_400, 1_709_164_800, 1_798_675_200, 1_835_395_200, -86_400] {
            for hour in -30...60 { times.append(midnight + Int64(hour) * 3600 - Int64(hour & 1)) }
        }
        for _ in 0..<400 { times.append(Int64.random(in: -150_000_000..<2_390_000_000, using: &generator)) }
        return times
    }

    @Test(arguments: zones) func periodsAreThoseOfTheCalendar(_ name: String) throws {
        let (rules, calendar) = try Self.rules(name)
        for time in self.times(rules) {
            #expect(try CalendarPeriods(at: time, in: rules) == self.expected(time, calendar), "\(name) \(time)")
        }
    }

    @Test(arguments: zones) func aPeriodEndsWhereTheNextOneBegins(_ name: String) throws {
        let (rules, _) = try Self.rules(name)
        for time in self.times(rules) {
            let now = CalendarPeriods(at: time, in: rules)
            var ends: [Int64] = []
            for period in CalendarPeriods.Period.allCases {
                let end = CalendarPeriods.end(of: period, at: time, in: rules)
                #expect(end > time)
                #expect(CalendarPeriods(at: end, in: rules)[period] != now[period], "\(name) \(time) \(period)")
                #expect(CalendarPeriods(at: end - 1, in: rules)[period] == now[period], "\(name) \(time) \(period)")
                // Nothing changes on the way.
                for step in stride(from: time, to: end, by: period == .day ? 600 : 40_000) {
                    #expect(CalendarPeriods(at: step, in: rules)[period] == now[period], "\(name) \(time) \(step)")
                }
                ends.append(end)
            }
            #expect(ends[0] <= ends[1] && ends[0] <= ends[2])
        }
    }

    @Test(arguments: zones) func monthsEndAtFoundationsMidnight(_ name: String) throws {
        let (rules, calendar) = try Self.rules(name)
        for time in self.times(rules) {
            let date = Date(timeIntervalSince1970: Double(time))
            for (period, component) in [
                (CalendarPeriods.Period.day, Foundation.Calendar.Component.day), (.month, .month),
            ] {
                let interval = try #require(calendar.dateInterval(of: component, for: date))
                // Where clocks went back over midnight (Newfoundland until 2011) a day has two ends.
                guard name != "America/St_Johns" || time > 1_330_000_000 else { continue }
                let end = CalendarPeriods.end(of: period, at: time, in: rules)
                #expect(Double(end) == interval.end.timeIntervalSince1970, "\(name) \(time) \(period)")
            }
        }
    }

    /// Samoa had no 30 December 2011.
    @Test func aDayThatNeverWasIsLeftOut() throws {
        let (rules, _) = try Self.rules("Pacific/Apia")
        let change: Int64 = 1_325_239_200
        let before = CalendarPeriods(at: change - 1, in: rules)
        let after = CalendarPeriods(at: change, in: rules)
        #expect(after.day == before.day + 2)
        #expect(after.month == before.month)
        #expect(CalendarPeriods.end(of: .day, at: change - 50_000, in: rules) == change)
    }

    /// A clock that goes back over midnight ends the day twice, and each end is found.
    @Test func aMidnightThatComesTwice() {
        // UTC; at 00:30 of day 1 back to 23:30 of day 0.
        let rules = TimeZoneRules(name: "x", transitions: [.init(at: 88_200, offset: -3600)])
        #expect(CalendarPeriods.end(of: .day, at: 0, in: rules) == 86_400)
        #expect(CalendarPeriods.end(of: .day, at: 86_400, in: rules) == 88_200)
        #expect(CalendarPeriods.end(of: .day, at: 88_200, in: rules) == 90_000)
        #expect(CalendarPeriods.end(of: .month, at: 86_400, in: rules) == 31 * 86_400 + 3600)
    }

    @Test func knownNumbers() {
        let start = CalendarPeriods(at: 0, in: .utc)
        #expect(start == CalendarPeriods(day: 0, week: 0, month: 1970 * 12))
        #expect(CalendarPeriods(at: -1, in: .utc) == CalendarPeriods(day: .max, week: 0, month: 1970 * 12 - 1))
        // Sunday 4 January 1970 and the Monday after.
        #expect(CalendarPeriods(at: 4 * 86_400 - 1, in: .utc).week == 0)
        #expect(CalendarPeriods(at: 4 * 86_400, in: .utc).week == 1)
        #expect(CalendarPeriods(at: -3 * 86_400 - 1, in: .utc).week == .max)
        #expect(CalendarPeriods.end(of: .week, at: 0, in: .utc) == 4 * 86_400)
        #expect(CalendarPeriods.end(of: .month, at: 951_782_400, in: .utc) == 951_868_800)
    }

    @Test(arguments: [Int64.min, .min + 1, -62_135_596_801, 1 << 46, .max - 1, .max])
    func noTimeOverflows(_ time: Int64) {
        let wild = TimeZoneRules(
            name: "x", initialOffset: .min,
            transitions: [.init(at: .min, offset: .max), .init(at: 0, offset: .min), .init(at: .max, offset: .max)])
        for rules in [TimeZoneRules.utc, wild] {
            let periods = CalendarPeriods(at: time, in: rules)
            #expect(periods == CalendarPeriods(at: time, in: rules))
            for period in CalendarPeriods.Period.allCases {
                #expect(CalendarPeriods.end(of: period, at: time, in: rules) > -70_000_000_000)
            }
        }
    }
}
