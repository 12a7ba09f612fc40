/// When what is stored of usage is looked after, and for how long it is kept.
public struct HousekeepingSettings: Hashable, Sendable {
    /// When each job runs.
    public var schedules: JobSchedules
    /// By whose clocks.
    public var timeZone: TimeZoneRules
    /// Milliseconds that requests and provider calls are kept; nil: for ever.
    public var requests: UInt64?
    /// Milliseconds that sums of usage are kept; nil: for ever.
    public var usage: UInt64?

    public init(
        schedules: JobSchedules = JobSchedules(), timeZone: TimeZoneRules = .utc, requests: UInt64? = nil,
        usage: UInt64? = nil
    ) {
        self.schedules = schedules
        self.timeZone = timeZone
        self.requests = requests
        self.usage = usage
    }
}
