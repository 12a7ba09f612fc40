import Domain

/// The hour and the day for which a request counts: both follow from its record and its zone, so they never change with a project's.
enum LocalDay {
    /// Quarter hours from UTC that no zone's clocks are beyond.
    static let furthestZone: Int8 = 60
    /// The same in milliseconds.
    static let furthest: UInt64 = 60 * quarterHour

    private static let quarterHour: UInt64 = 900_000
    static let hour: UInt64 = 3_600_000
    static let day: UInt64 = 86_400_000

    /// Hours since 1970, UTC.
    @inline(__always)
    static func hour(of record: RecordID) -> Int64 { Int64(record.milliseconds / self.hour) }

    /// Days since 1970 by clocks that are `zone` quarter hours ahead of UTC.
    @inline(__always)
    static func day(of record: RecordID, zone: Int8) -> Int64 {
        // Records have 48 bits of milliseconds; a zone takes none before 1969-12-30.
        let local = Int64(record.milliseconds) + Int64(zone) * Int64(self.quarterHour) + 2 * Int64(self.day)
        return local / Int64(self.day) - 2
    }

    /// The milliseconds in which requests of these days came, whatever their zones.
    static func milliseconds(of days: Range<Int64>) -> Range<UInt64> {
        func start(_ day: Int64) -> UInt64 { UInt64(clamping: max(0, day)).multipliedClamping(by: self.day) }
        let from = start(days.lowerBound)
        let until = start(days.upperBound)
        return (from > self.furthest ? from - self.furthest : 0)..<max(from, until) &+ self.furthest
    }

    /// The days in UTC that these hours are of.
    static func days(ofHours hours: Range<Int64>) -> Range<Int64> {
        func day(_ hour: Int64) -> Int64 { hour / 24 - (hour % 24 < 0 ? 1 : 0) }
        return hours.isEmpty ? 0..<0 : day(hours.lowerBound)..<day(hours.upperBound - 1) + 1
    }

    /// The milliseconds of these hours.
    static func milliseconds(ofHours hours: Range<Int64>) -> Range<UInt64> {
        func start(_ hour: Int64) -> UInt64 { UInt64(clamping: max(0, hour)).multipliedClamping(by: self.hour) }
        return start(hours.lowerBound)..<max(start(hours.lowerBound), start(hours.upperBound))
    }
}

extension UInt64 {
    /// At most half of what UInt64 has, so that a little may be added.
    fileprivate func multipliedClamping(by factor: UInt64) -> UInt64 {
        let (product, overflow) = self.multipliedReportingOverflow(by: factor)
        return overflow ? .max / 2 : Swift.min(product, .max / 2)
    }
}
