import Domain
import Testing

@Suite struct CalendarDayTests {
    @Test(arguments: [
        (0, 1970, 1, 1), (58, 1970, 2, 28), (59, 1970, 3, 1), (11_016, 2000, 2, 29), (11_017, 2000, 3, 1),
        (47_540, 2100, 2, 28), (47_541, 2100, 3, 1), (20_778, 2026, 11, 21), (2_932_896, 9999, 12, 31),
    ])
    func daysBecomeDates(days: Int, year: Int, month: Int, day: Int) {
        let date = CalendarDay(daysSince1970: days)
        #expect((date.year, date.month, date.day) == (year, month, day))
    }

    @Test func everyDayFollowsTheOneBefore() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var last = CalendarDay(daysSince1970: 0)
        for days in 1...150_000 {
            let date = CalendarDay(daysSince1970: days)
            let isLeap = last.year % 4 == 0 && (last.year % 100 != 0 || last.year % 400 == 0)
            let length = lengths[last.month - 1] + (isLeap && last.month == 2 ? 1 : 0)
            if last.day < length {
                #expect((date.year, date.month, date.day) == (last.year, last.month, last.day + 1))
            } else {
                #expect(date.day == 1 && date.month == last.month % 12 + 1)
                #expect(date.year == last.year + (last.month == 12 ? 1 : 0))
            }
            last = date
        }
    }
}
