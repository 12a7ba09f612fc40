public import Domain

/// What a request asks of the limit table: all of it is granted, or nothing.
public struct LimitDemand: Hashable, Sendable {
    /// One whose limits the request has to keep, and whose use it adds to.
    public struct Entry: Hashable, Sendable {
        public var key: LimitKey
        public var scope: LimitScope
        public var limits: LimitSet
        /// The periods of now in this one's time zone.
        public var periods: CalendarPeriods

        public init(key: LimitKey, scope: LimitScope, limits: LimitSet, periods: CalendarPeriods) {
            self.key = key
            self.scope = scope
            self.limits = limits
            self.periods = periods
        }
    }

    /// Most entries of one demand.
    public static let maximumEntries = 8

    /// In the order they are committed; at most `maximumEntries`, no key twice.
    public var entries: [Entry]
    /// Requests that are counted: 1, or 0 for what is counted already (a further attempt of the same request).
    public var requests: Int64
    /// Tokens to be held until the request is settled.
    public var tokens: Int64
    /// Nano-USD to be held until the request is settled.
    public var cost: Int64

    public init(entries: [Entry], requests: Int64 = 1, tokens: Int64 = 0, cost: Int64 = 0) {
        self.entries = entries
        self.requests = requests
        self.tokens = tokens
        self.cost = cost
    }
}
