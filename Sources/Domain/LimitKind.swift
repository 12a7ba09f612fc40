/// One of the ways to bound what somebody uses. The raw value is the place in `LimitSet` and on the wire.
public enum LimitKind: UInt8, Hashable, Sendable, CaseIterable {
    // Sliding windows.
    case requestsPerMinute = 0
    case requestsPerHour = 1
    case requestsPerDay = 2
    case tokensPerMinute = 3
    case tokensPerDay = 4
    /// Requests at the same time.
    case concurrency = 5
    // Budgets: tokens, and cost in nano-USD, of a calendar period in the project's time zone, or in all.
    case dailyTokens = 6
    case weeklyTokens = 7
    case monthlyTokens = 8
    case totalTokens = 9
    case dailyCost = 10
    case weeklyCost = 11
    case monthlyCost = 12
    case totalCost = 13

    /// What is counted.
    public enum Unit: Hashable, Sendable {
        case requests
        case tokens
        /// Nano-USD.
        case cost
    }

    @inlinable
    public var unit: Unit {
        switch self {
        case .requestsPerMinute, .requestsPerHour, .requestsPerDay, .concurrency: .requests
        case .tokensPerMinute, .tokensPerDay, .dailyTokens, .weeklyTokens, .monthlyTokens, .totalTokens: .tokens
        case .dailyCost, .weeklyCost, .monthlyCost, .totalCost: .cost
        }
    }

    /// Whether it bounds a calendar period, or everything ever used, rather than a sliding window.
    @inlinable
    public var isBudget: Bool { self.rawValue >= LimitKind.dailyTokens.rawValue }

    /// The name in configuration, administration and replies.
    public var name: StaticString {
        switch self {
        case .requestsPerMinute: "requests_per_minute"
        case .requestsPerHour: "requests_per_hour"
        case .requestsPerDay: "requests_per_day"
        case .tokensPerMinute: "tokens_per_minute"
        case .tokensPerDay: "tokens_per_day"
        case .concurrency: "concurrency"
        case .dailyTokens: "tokens_daily"
        case .weeklyTokens: "tokens_weekly"
        case .monthlyTokens: "tokens_monthly"
        case .totalTokens: "tokens_total"
        case .dailyCost: "cost_daily"
        case .weeklyCost: "cost_weekly"
        case .monthlyCost: "cost_monthly"
        case .totalCost: "cost_total"
        }
    }
}
