import Domain
import Testing

@testable import ControlPlane

/// When old entries of the audit log are removed.
@Suite struct AuditPruningTests {
    private static let day: UInt64 = 86_400_000
    /// Friday, 20 November 2026, 12:00 in UTC.
    private static let friday: Int64 = 1_795_176_000
    private let settings = HousekeepingSettings()

    @Test func itIsDoneOnceADayAtTheTimeOfPruning() {
        var pruning = AuditPruning()
        var times: [Int64] = []
        // Looked at each minute for four days, from Friday noon on; down from Saturday noon until Sunday noon.
        for minute in 0..<Int64(4 * 1440) where !(1440..<2880).contains(minute) {
            let now = Self.friday + minute * 60
            guard let time = pruning.begin(at: now, kept: 30 * Self.day, self.settings) else { continue }
            let expected = UInt64(now) * 1000 - 30 * Self.day
            #expect(time == expected)
            times.append(minute)
            pruning.end(at: now, self.settings)
        }
        // At once, Saturday at 02:00, Sunday when it is up again, Monday and Tuesday at 02:00.
        let expected: [Int64] = [0, 840, 2880, 3720, 5160]
        #expect(times == expected)
    }

    @Test func whatFailsIsTriedAgainAMinuteLater() {
        var pruning = AuditPruning()
        var times: [Int64] = []
        for second in 0..<Int64(300) {
            let now = Self.friday + second
            guard pruning.begin(at: now, kept: Self.day, self.settings) != nil else { continue }
            times.append(second)
            if times.count == 3 { pruning.end(at: now, self.settings) }
        }
        #expect(times == [0, 60, 120])
    }

    @Test func whatIsKeptForEverIsNotLookedAt() {
        var pruning = AuditPruning()
        #expect(pruning.begin(at: Self.friday, kept: nil, self.settings) == nil)
        // From the next snapshot on.
        #expect(pruning.begin(at: Self.friday, kept: .max, self.settings) == nil)
        #expect(pruning.begin(at: Self.friday + 60, kept: Self.day, self.settings) != nil)
        #expect(pruning.begin(at: .min, kept: Self.day, self.settings) == nil)
        #expect(pruning.begin(at: .max, kept: Self.day, self.settings) == nil)
    }
}
