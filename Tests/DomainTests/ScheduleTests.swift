import Domain
import Foundation
import Testing

@testable import Domain

@Suite struct ScheduleTests {
    /// With clocks that change by an hour or by half of one, at midnight and over it, south and north, twice a year and around Ramadan, in zones of
    /// half and three quarters of an hour, one without a 30 December 2011, and one without any change.
    static let zones = [
        "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Asuncion", "America/Scoresbysund",
        "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
        "Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "America/Caracas", "UTC",
    ]

    private static func schedule(_ text: String) throws -> Schedule { try #require(Schedule(text)) }

    private static let known = Result { try zones.map { ($0, try CalendarPeriodsTests.rules($0)) } }

    private static func rules(_ name: String) throws -> (TimeZoneRules, Foundation.Calendar) {
        try #require(try self.known.get().first { $0.0 == name }).1
    }

    /// Of 1 January 2000 until 31 December 2037: those around changes of the offset, and one in nine of the others.
    private static func days(_ rules: TimeZoneRules) -> [Int64] {
        let changes = Set(rules.transitions.flatMap { change in (-2...2).map { change.at / 86_400 + $0 } })
        return (10_957..<24_837).filter { $0 % 9 == 0 || changes.contains($0) }
    }

    /// Of the day, in UTC.
    private static func parts(_ day: Int64) -> DateComponents {
        var calendar = Foundation.Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar.dateComponents(
            [.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: Double(day * 86_400 + 43_200)))
    }

    // MARK: Text

    @Test(arguments: ["00:00", "01:00", "23:59", "Mon 00:00", "Tue 12:30", "Wed 09:05", "Thu 10:10", "Sun 02:00"])
    func whatIsWrittenIsRead(_ text: String) throws {
        #expect(try Self.schedule(text).text == text)
    }

    @Test(arguments: [
        "", "1:00", "01:0", "24:00", "01:60", "01:00 ", " 01:00", "sun 02:00", "Sunday 02:00", "Sun02:00", "Sun  02:00",
        "Sun", "Sun ", "0１:00", "+1:00", "01-00", "01:00:00", "Xyz 01:00",
    ])
    func whatIsNoTimeIsNone(_ text: String) { #expect(Schedule(text) == nil) }

    @Test func aDayHasSoManyMinutes() {
        #expect(Schedule(minute: 1439)?.text == "23:59")
        #expect(Schedule(minute: 1440) == nil)
        #expect(Schedule.standardPrune.daily.text == "02:00")
    }

    // MARK: When a period begins

    /// The days of 38 years by Foundation's calendar, at times that come twice, too. It knows no time that falls into a gap.
    @Test(arguments: zones, ["02:00", "02:30", "00:00", "00:15", "23:45"])
    func aPeriodBeginsWhenTheCalendarSays(_ name: String, _ text: String) throws {
        let (rules, calendar) = try Self.rules(name)
        let schedule = try Self.schedule(text)
        var known = 0
        for day in Self.days(rules) {
            let parts = Self.parts(day)
            let wanted = DateComponents(
                year: parts.year, month: parts.month, day: parts.day, hour: Int(schedule.minute / 60),
                minute: Int(schedule.minute % 60))
            guard let date = calendar.date(from: wanted) else { continue }
            let first = [3600, 1800, 0].lazy.map { date - $0 }.first { time in
                calendar.dateComponents([.year, .month, .day, .hour, .minute], from: time) == wanted
            }
            guard let first else { continue }
            known += 1
            let start = try #require(schedule.start(of: day, in: rules))
            try #require(start == Int64(first.timeIntervalSince1970), "\(name) \(text) \(parts)")
        }
        // All but two gaps a year.
        #expect(known >= Self.days(rules).count - 80)
    }

    @Test func aDayThatNeverWasHasNoPeriod() throws {
        // 30 December 2011.
        for minute in stride(from: UInt16(0), to: 1440, by: 15) {
            let schedule = try #require(Schedule(minute: minute))
            #expect(try schedule.start(of: 15_338, in: Self.rules("Pacific/Apia").0) == nil)
            #expect(schedule.start(of: 15_338, in: .utc) != nil)
        }
    }

    /// It shows the time, or there is no such time and the clocks have just been put forward over it; and never before.
    @Test(arguments: zones) func aPeriodBeginsAtItsTimeOrAfterTheGap(_ name: String) throws {
        let (rules, _) = try Self.rules(name)
        let changes = Set(rules.transitions.map(\.at))
        for minute in stride(from: UInt16(0), to: 1440, by: 15) {
            let schedule = try #require(Schedule(minute: minute))
            for transition in rules.transitions.suffix(20) {
                for day in (transition.at / 86_400 - 2)...(transition.at / 86_400 + 2) {
                    guard let start = schedule.start(of: day, in: rules) else { continue }
                    let wanted = day * 86_400 + Int64(minute) * 60
                    func shown(_ time: Int64) -> Int64 { time + rules.offset(at: time) }
                    #expect(shown(start) >= wanted)
                    #expect(shown(start - 1) < wanted)
                    #expect(shown(start) == wanted || changes.contains(start))
                }
            }
        }
    }

    @Test func weekdaysAreThoseOfTheCalendar() throws {
        for (number, weekday) in Schedule.Weekday.allCases.enumerated() {
            let schedule = try #require(Schedule(weekday, minute: 0))
            for day in Self.days(.utc) {
                // Foundation counts from Sunday, 1.
                let isIt = (try #require(Self.parts(day).weekday) + 5) % 7 == number
                try #require((schedule.start(of: day, in: .utc) != nil) == isIt)
            }
        }
        #expect(Schedule.standardPrune.start(of: -4, in: .utc) == -4 * 86_400 + 7200)
        #expect(Schedule.standardPrune.start(of: -5, in: .utc) == nil)
    }

    // MARK: What is due

    /// Looks at any times, in order, with any gaps between them: no period is served twice, none before it has begun, and each that has
    /// begun at a look is served by it or was passed over for a newer one.
    @Test(arguments: zones, ["01:00", "02:30", "Sun 02:00", "Sat 23:45", "Fri 00:00"])
    func eachPeriodIsServedOnceAtMost(_ name: String, _ text: String) throws {
        let (rules, _) = try Self.rules(name)
        let schedule = try Self.schedule(text)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<4 {
            var now = Int64.random(in: 1_000_000_000..<2_000_000_000, using: &generator)
            var last: Int64?
            var servedAt: Int64?
            for _ in 0..<150 {
                // Mostly minutes; sometimes nobody looks for weeks.
                now += Int64.random(in: 1...(Int.random(in: 0..<20) == 0 ? 2_500_000 : 30_000), using: &generator)
                let newest = try #require(schedule.newest(at: now, in: rules))
                let start = try #require(schedule.start(of: newest, in: rules))
                #expect(start <= now)
                // It begins within two weeks: a zone may have left out a day of the week.
                #expect(now - start < (schedule.weekday == nil ? 2 : 14) * 86_400 + 7200)
                let next = try #require(schedule.next(after: now, in: rules))
                #expect(next > now)
                #expect(schedule.newest(at: next - 1, in: rules) == newest)
                #expect(try #require(schedule.newest(at: next, in: rules)) > newest)
                guard let due = schedule.due(after: last, now: now, in: rules) else {
                    #expect(last == newest)
                    continue
                }
                #expect(due == newest)
                #expect(last.map { $0 < due } ?? true)
                #expect(servedAt.map { $0 < start } ?? true)
                (last, servedAt) = (due, now)
                #expect(schedule.due(after: last, now: now, in: rules) == nil)
            }
        }
    }

    /// Whoever always looks serves each day of the calendar once.
    @Test(arguments: zones) func whoLooksAllTheTimeServesEveryDay(_ name: String) throws {
        let (rules, _) = try Self.rules(name)
        for text in ["00:00", "02:30", "23:45"] {
            let schedule = try Self.schedule(text)
            var served: [Int64] = []
            // 15 September 2011
            var now = Int64(1_316_044_800)
            let end = now + 220 * 86_400
            while now < end {
                if let due = schedule.due(after: served.last, now: now, in: rules) { served.append(due) }
                now += 1800
            }
            let missed = zip(served, served.dropFirst()).filter { $0 + 1 != $1 }
            // 29 to 31 December 2011
            #expect(missed.map(\.0) == (name == "Pacific/Apia" ? [15_337] : []), "\(name) \(text)")
        }
    }

    @Test func afterAClockWasPutBackNothingIsDueAgain() throws {
        let (berlin, _) = try Self.rules("Europe/Berlin")
        let schedule = try Self.schedule("02:30")
        // 25 October 2026: 02:30 comes at 00:30 and at 01:30 in UTC.
        let first: Int64 = 1_792_888_200
        let day = try #require(schedule.due(after: nil, now: first, in: berlin))
        #expect(day == 20_751)
        #expect(schedule.due(after: day - 1, now: first - 1, in: berlin) == nil)
        #expect(schedule.due(after: day, now: first + 3600, in: berlin) == nil)
        // Whoever looks between the two, or after both, serves it once.
        #expect(schedule.due(after: day - 1, now: first + 1800, in: berlin) == day)
        #expect(schedule.due(after: day - 1, now: first + 7200, in: berlin) == day)
        // The machine's clock goes back by a day and by a year.
        #expect(schedule.due(after: day, now: first - 86_400, in: berlin) == nil)
        #expect(schedule.due(after: day, now: first - 365 * 86_400, in: berlin) == nil)
    }

    @Test func aTimeThatIsLeftOutIsServedAfterTheGap() throws {
        let (berlin, _) = try Self.rules("Europe/Berlin")
        let schedule = try Self.schedule("Sun 02:30")
        // 29 March 2026, 01:00 in UTC: from 02:00 to 03:00.
        let change: Int64 = 1_774_746_000
        #expect(schedule.due(after: 20_534, now: change - 1, in: berlin) == nil)
        #expect(schedule.due(after: 20_534, now: change, in: berlin) == 20_541)
        #expect(schedule.next(after: change - 1, in: berlin) == change)
        // The week after it is back at its time: 00:30 in UTC.
        #expect(schedule.next(after: change, in: berlin) == change + 7 * 86_400 - 1800)
    }

    /// Rules from a snapshot may say anything.
    @Test func noRulesAndNoClockAreTooWrong() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var at = Int64.random(in: -200_000...200_000, using: &generator)
            let rules = TimeZoneRules(
                name: "x", initialOffset: .random(in: -86_400...86_400, using: &generator),
                transitions: (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    at += .random(in: 1...90_000, using: &generator)
                    return .init(at: at, offset: .random(in: -86_400...86_400, using: &generator))
                })
            let schedule = try #require(
                Schedule(Schedule.Weekday.allCases.randomElement(), minute: .random(in: 0..<1440, using: &generator)))
            let now = Int64.random(in: -400_000...800_000, using: &generator)
            if let day = schedule.newest(at: now, in: rules) {
                #expect(try #require(schedule.start(of: day, in: rules)) <= now)
            }
            if let next = schedule.next(after: now, in: rules) { #expect(next > now) }
        }
        for now: Int64 in [.min, .min + 1, -1, 0, .max] {
            _ = Schedule.standardPrune.due(after: nil, now: now, in: .utc)
            _ = Schedule.standardRollup.next(after: now, in: .utc)
        }
    }
}
