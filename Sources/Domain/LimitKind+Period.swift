extension LimitKind {
    /// The calendar period of a budget; nil for what is none.
    public var period: CalendarPeriods.Period? {
        switch self {
        case .dailyTokens, .dailyCost: .day
        case .weeklyTokens, .weeklyCost: .week
        case .monthlyTokens, .monthlyCost: .month
        default: nil
        }
    }
}
