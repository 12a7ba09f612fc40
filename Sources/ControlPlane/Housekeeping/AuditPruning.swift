import Domain

/// When old entries of the audit log are removed: once a day, at the time at which requests are. Pure.
///
/// Every host that shares a control database does it; what another has removed is not there any more.
struct AuditPruning {
    /// Seconds between two tries on the same day.
    private static let pause: Int64 = 60

    private var served: Int64?
    private var triesAt: Int64 = .min

    /// What is due at `now` (seconds since 1970): remove what is older than the time that comes back, in milliseconds since 1970. Nil where nothing
    /// is due. `kept`: milliseconds that entries are kept; nil: for ever.
    mutating func begin(at now: Int64, kept: UInt64?, _ settings: HousekeepingSettings) -> UInt64? {
        guard let kept, now >= self.triesAt,
            settings.schedules.prune.daily.due(after: self.served, now: now, in: settings.timeZone) != nil
        else { return nil }
        self.triesAt = now.addingReportingOverflow(Self.pause).partialValue
        let (time, overflow) = UInt64(clamping: now).multipliedReportingOverflow(by: 1000)
        return overflow || time < kept ? nil : time - kept
    }

    /// All that was due at `now` is removed.
    mutating func end(at now: Int64, _ settings: HousekeepingSettings) {
        self.served = settings.schedules.prune.daily.newest(at: now, in: settings.timeZone)
        self.triesAt = .min
    }
}
