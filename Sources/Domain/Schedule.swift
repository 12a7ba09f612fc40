/// A time of every day, or of one day of every week, by the clocks of a time zone. Pure: it knows no clock and no zone of its own.
///
/// What runs by it runs once in each of its periods. A period is a day, counted from 1 January 1970 by the zone's calendar, and begins
/// at the time of the schedule. Where clocks are put forward over that time it begins at the first moment after the gap; where they are
/// put back and show it twice, the first time counts. A day that a zone never had has no period.
public struct Schedule: Hashable, Sendable {
    /// A day of the week.
    public enum Weekday: UInt8, Hashable, Sendable, CaseIterable {
        case monday, tuesday, wednesday, thursday, friday, saturday, sunday

        /// As the configuration writes it, such as `Sun`.
        public var label: String {
            switch self {
            case .monday: "Mon"
            case .tuesday: "Tue"
            case .wednesday: "Wed"
            case .thursday: "Thu"
            case .friday: "Fri"
            case .saturday: "Sat"
            case .sunday: "Sun"
            }
        }
    }

    static let minutesOfDay: UInt16 = 1440
    private static let secondsOfDay: Int64 = 86_400
    /// Days that are looked at for the next period or the one before: two weeks, as a zone may have left out a day of one.
    private static let reach: Int64 = 16

    /// Nil: every day.
    public let weekday: Weekday?
    /// Of the day: 0…1439.
    public let minute: UInt16

    /// Nil for a minute that no day has.
    public init?(_ weekday: Weekday? = nil, minute: UInt16) {
        guard minute < Self.minutesOfDay else { return nil }
        self.weekday = weekday
        self.minute = minute
    }

    private init(_ weekday: Weekday?, hour: UInt16) {
        self.weekday = weekday
        self.minute = hour * 60
    }

    /// 01:00 of every day: when the sums of usage are looked after.
    public static let standardRollup = Schedule(nil, hour: 1)
    /// 02:00 of every Sunday: when old requests are removed.
    public static let standardPrune = Schedule(.sunday, hour: 2)

    /// The same time of every day.
    public var daily: Schedule { Schedule(nil, minute: self.minute) ?? .standardRollup }

    // MARK: Text

    /// What `text` says, such as `01:00` or `Sun 02:00`; nil for anything else.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)
        let weekday = Weekday.allCases.first { bytes.starts(with: "\($0.label) ".utf8) }
        if weekday != nil { bytes.removeFirst(4) }
        let digits = [0, 1, 3, 4].compactMap { place -> UInt16? in
            guard bytes.count == 5, (0x30...0x39).contains(bytes[place]) else { return nil }
            return UInt16(bytes[place] - 0x30)
        }
        guard digits.count == 4, bytes[2] == UInt8(ascii: ":") else { return nil }
        let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        guard hour < 24, minute < 60 else { return nil }
        self.init(weekday, minute: hour * 60 + minute)
    }

    /// As the configuration writes it.
    public var text: String {
        func twoDigits(_ number: UInt16) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = "\(twoDigits(self.minute / 60)):\(twoDigits(self.minute % 60))"
        return self.weekday.map { "\($0.label) \(time)" } ?? time
    }

    // MARK: Periods

    /// The period that is due at `now`, in seconds since 1970: the newest that has begun, unless `last`, or a later one, was the last
    /// that was served. Those before it are not made up for: they are gone.
    public func due(after last: Int64?, now: Int64, in rules: TimeZoneRules) -> Int64? {
        guard let newest = self.newest(at: now, in: rules), last.map({ $0 < newest }) ?? true else { return nil }
        return newest
    }

    /// The newest period that has begun at `now`.
    public func newest(at now: Int64, in rules: TimeZoneRules) -> Int64? {
        let today = rules.localDay(at: now)
        // Clocks that were put back may show a day that is over.
        return (0..<Self.reach + 2).lazy.map { today + 2 - $0 }
            .first { day in self.start(of: day, in: rules).map { $0 <= now } ?? false }
    }

    /// When the next period begins after `now`, in seconds since 1970.
    public func next(after now: Int64, in rules: TimeZoneRules) -> Int64? {
        let today = rules.localDay(at: now)
        return (0..<Self.reach + 2).lazy.compactMap { self.start(of: today - 2 + $0, in: rules) }.first { $0 > now }
    }

    /// When the period of a day begins, in seconds since 1970; nil where there is none.
    public func start(of day: Int64, in rules: TimeZoneRules) -> Int64? {
        // 1 January 1970 was a Thursday.
        if let weekday, Int64(weekday.rawValue) != ((day + 3) % 7 + 7) % 7 { return nil }
        let midnight = day * Self.secondsOfDay
        guard rules.firstTime(showing: midnight) < rules.firstTime(showing: midnight + Self.secondsOfDay) else {
            return nil
        }
        return rules.firstTime(showing: midnight + Int64(self.minute) * 60)
    }
}

extension TimeZoneRules {
    /// Seconds that no place is further from UTC.
    private static let furthest: Int64 = 86_400
    /// Seconds since 1970 beyond which every time counts as the first or the last that is known, so that nothing overflows.
    private static let known: ClosedRange<Int64> = -62_135_596_800...(1 << 46)

    /// The day that clocks show at `time` (seconds since 1970), counted from 1 January 1970.
    func localDay(at time: Int64) -> Int64 {
        let time = min(max(time, Self.known.lowerBound), Self.known.upperBound)
        let local = time + self.offset(at: time)
        return local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
    }

    /// The first second since 1970 at which clocks show `local`, or what comes after it: seconds since 1970 by these clocks.
    func firstTime(showing local: Int64) -> Int64 {
        // Before this they show less.
        var from = local - Self.furthest
        var offset = self.offset(at: from)
        var next = self.firstTransition(after: from)
        while true {
            let time = max(from, local - offset)
            guard next < self.transitions.count, self.transitions[next].at <= time else { return time }
            from = self.transitions[next].at
            offset = Int64(self.transitions[next].offset)
            next += 1
        }
    }
}
