import Configuration
import Domain
import Testing

/// `schedule` and `retention`.
@Suite struct HousekeepingTests {
    private static let day: UInt64 = 86_400_000

    static let malformed: [BadCase] = [
        BadCase("schedule: {rollup: \"25:00\"}", "1:20: schedule.rollup: expected a time such as \"01:00\""),
        BadCase("schedule: {rollup: \"1:00\"}", "1:20: schedule.rollup: expected a time"),
        BadCase("schedule: {rollup: \"01:60\"}", "1:20: schedule.rollup: expected a time"),
        BadCase("schedule: {prune: \"Sunday 02:00\"}", "1:19: schedule.prune: expected a time"),
        BadCase("schedule: {prune: off}", "1:19: schedule.prune: expected a time"),
        BadCase("schedule: {timezon: UTC}", "1:12: schedule.timezon: unknown key; did you mean timezone?"),
        BadCase("retention: {requests: 31d}", "1:23: retention.requests: expected forever or a duration between 32d"),
        BadCase("retention: {requests: never}", "1:23: retention.requests: expected forever or a duration such as 90d"),
        BadCase("retention: {audit: 23h}", "1:20: retention.audit: expected forever or a duration between 1d and"),
        BadCase("retention: {usage: 40000d}", "1:20: retention.usage: expected forever or a duration between"),
        BadCase(
            "retention:\n  usage: 60d",
            "2:10: retention.usage: sums of usage cannot be kept for less time than requests"),
        BadCase("retention: {requests: forever, usage: 900d}", "1:39: retention.usage: sums of usage cannot be kept"),
        BadCase("retention: {request: 90d}", "1:13: retention.request: unknown key; did you mean requests?"),
    ]

    @Test(arguments: malformed) func whatIsMalformedIsRefused(bad: BadCase) { bad.check() }

    @Test func theDefaultsAreThoseOfTheReference() throws {
        let configuration = try #require(Document(text: "").result.configuration)
        let reference = try #require(
            Document(
                text: """
                    retention: {requests: 90d, usage: forever, audit: 30d}
                    schedule: {rollup: "01:00", prune: "Sun 02:00", timezone: UTC}
                    """
            ).result.configuration)
        #expect(configuration.retention == reference.retention)
        #expect(configuration.schedules == reference.schedules)
        #expect(
            reference.retention == RetentionSettings(requests: 90 * Self.day, usage: nil, audit: 30 * Self.day))
        #expect(reference.schedules.rollup.weekday == nil && reference.schedules.rollup.minute == 60)
        #expect(reference.schedules.prune.weekday == .sunday && reference.schedules.prune.minute == 120)
    }

    @Test func everythingCanBeSaidOtherwise() throws {
        let document = Document(
            text: """
                retention: {requests: forever, audit: forever}
                schedule: {rollup: "Wed 23:59", prune: 00:00}
                """)
        #expect(document.problems == [])
        #expect(document.result.notices.allSatisfy { !$0.contains("no effect") })
        let configuration = try #require(document.result.configuration)
        #expect(configuration.retention == RetentionSettings(requests: nil, usage: nil, audit: nil))
        #expect(configuration.schedules.rollup.text == "Wed 23:59")
        #expect(configuration.schedules.prune.text == "00:00")
        let sums = Document(text: "retention: {requests: 32d, usage: 800h}")
        let kept = try #require(sums.result.configuration).retention.usage
        #expect(kept == 800 * 3_600_000)
    }
}
