import Domain
import Foundation
import Testing

@testable import Administration

@Suite struct ZoneRulesTests {
    /// 22 November 2026
    private static let now: Int64 = 1_795_305_600

    @Test func berlinIsKnownToTheSecond() throws {
        let rules = try #require(ZoneRules.make("Europe/Berlin", around: Self.now))
        #expect(rules.initialOffset == 3600)
        // The last Sundays of March and October, 01:00 UTC, from 2024 to 2045.
        #expect(rules.transitions.count == 44)
        #expect(rules.transitions.first == .init(at: 1_711_846_800, offset: 7200))
        #expect(rules.transitions.contains(.init(at: 1_792_890_000, offset: 3600)))
        #expect(rules.transitions.last == .init(at: 2_392_851_600, offset: 3600) || rules.transitions.count == 44)
        // Nothing changes within a year.
        #expect(ZoneRules.make("Europe/Berlin", around: 1_767_225_600) == rules)
        #expect(ZoneRules.make("Europe/Berlin", around: 1_798_761_599) == rules)
        #expect(ZoneRules.make("Europe/Berlin", around: 1_798_761_600) != rules)
    }

    @Test func zonesWithoutChangesAndUnknownOnes() {
        #expect(ZoneRules.make("UTC", around: Self.now) == .utc)
        #expect(
            ZoneRules.make("Asia/Kolkata", around: Self.now)
                == TimeZoneRules(name: "Asia/Kolkata", initialOffset: 19_800))
        #expect(ZoneRules.make("Europe/Berlim", around: Self.now) == nil)
    }

    @Test(arguments: [
        "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Santiago",
    ])
    func everyHourHasItsOffset(_ name: String) throws {
        let rules = try #require(ZoneRules.make(name, around: Self.now))
        let zone = try #require(TimeZone(identifier: name))
        for time in stride(from: Self.now - 600 * 86_400, to: Self.now + 7000 * 86_400, by: 10_800) {
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time)))
            try #require(rules.offset(at: time) == Int64(offset), "\(name) \(time)")
        }
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max]) func noClockIsTooWrong(_ now: Int64) {
        #expect(ZoneRules.make("Europe/Berlin", around: now) != nil)
    }
}
