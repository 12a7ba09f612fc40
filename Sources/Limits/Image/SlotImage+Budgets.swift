import Domain

extension SlotImage {
    /// Adds this slot's budgets to what a reply says: of several the one of which the largest share is used. What is held does not
    /// count.
    @inline(always)
    func fill(_ standing: inout LimitStanding, _ entries: Span<LimitDemand.Entry>, _ index: Int) {
        let mask = entries[index].limits.mask
        if mask & LimitStanding.tokenBudgetKinds != 0 {
            self.fill(&standing.budget, .dailyTokens, entries, index)
            self.fill(&standing.budget, .weeklyTokens, entries, index)
            self.fill(&standing.budget, .monthlyTokens, entries, index)
            self.fill(&standing.budget, .totalTokens, entries, index)
        }
        if mask & LimitStanding.costBudgetKinds != 0 {
            self.fill(&standing.budget, .dailyCost, entries, index)
            self.fill(&standing.budget, .weeklyCost, entries, index)
            self.fill(&standing.budget, .monthlyCost, entries, index)
            self.fill(&standing.budget, .totalCost, entries, index)
        }
    }

    @inline(always)
    private func fill(
        _ most: inout LimitStanding.Budget?, _ kind: LimitKind, _ entries: Span<LimitDemand.Entry>, _ index: Int
    ) {
        guard let limit = entries[index].limits[kind], limit != LimitSet.unlimited else { return }
        let used = self.used(of: kind, entries[index].periods)
        if let before = most {
            // used / limit, crosswise; of nothing all is used.
            let mine = Double(max(1, used)) * Double(max(1, before.limit))
            if mine <= Double(max(1, before.used)) * Double(max(1, limit)) { return }
        }
        most = LimitStanding.Budget(scope: entries[index].scope, kind: kind, limit: limit, used: used)
    }

    /// Adds the soft limits, `percent` of a budget each, that `use` has crossed, which is counted in this image already. (A sum that has
    /// stopped at the largest number may be said to cross it again.)
    @inline(always)
    func crossings(
        _ entries: Span<LimitDemand.Entry>, _ index: Int, _ use: LimitUse, _ periods: CalendarPeriods, _ percent: UInt8,
        into crossings: inout [LimitCrossing]
    ) {
        let mask = entries[index].limits.mask
        if mask & LimitStanding.tokenBudgetKinds != 0, use.tokens > 0 {
            self.cross(.dailyTokens, entries, index, use.tokens, periods, percent, &crossings)
            self.cross(.weeklyTokens, entries, index, use.tokens, periods, percent, &crossings)
            self.cross(.monthlyTokens, entries, index, use.tokens, periods, percent, &crossings)
            self.cross(.totalTokens, entries, index, use.tokens, periods, percent, &crossings)
        }
        if mask & LimitStanding.costBudgetKinds != 0, use.cost > 0 {
            self.cross(.dailyCost, entries, index, use.cost, periods, percent, &crossings)
            self.cross(.weeklyCost, entries, index, use.cost, periods, percent, &crossings)
            self.cross(.monthlyCost, entries, index, use.cost, periods, percent, &crossings)
            self.cross(.totalCost, entries, index, use.cost, periods, percent, &crossings)
        }
    }

    @inline(always)
    private func cross(
        _ kind: LimitKind, _ entries: Span<LimitDemand.Entry>, _ index: Int, _ amount: Int64,
        _ periods: CalendarPeriods,
        _ percent: UInt8, _ crossings: inout [LimitCrossing]
    ) {
        guard let limit = entries[index].limits[kind], limit != LimitSet.unlimited else { return }
        let used = self.used(of: kind, periods)
        let soft = Amount.share(limit, UInt64(min(percent, 100)), of: 100)
        guard used >= soft, Amount.rest(used, amount) < soft else { return }
        crossings.append(
            LimitCrossing(scope: entries[index].scope, key: entries[index].key, kind: kind, limit: limit, used: used))
    }

    /// What was used of a budget, without what is held; 0 for a kind that is none.
    @inline(always)
    func used(of kind: LimitKind, _ periods: CalendarPeriods) -> Int64 {
        switch kind {
        case .dailyTokens: self.used(Word.day, periods.day).tokens
        case .weeklyTokens: self.used(Word.week, periods.week).tokens
        case .monthlyTokens: self.used(Word.month, periods.month).tokens
        case .totalTokens: Amount.of(self[Word.totalTokens])
        case .dailyCost: self.used(Word.day, periods.day).cost
        case .weeklyCost: self.used(Word.week, periods.week).cost
        case .monthlyCost: self.used(Word.month, periods.month).cost
        case .totalCost: Amount.of(self[Word.totalCost])
        case .requestsPerMinute, .requestsPerHour, .requestsPerDay, .tokensPerMinute, .tokensPerDay, .concurrency: 0
        }
    }
}

extension LimitStanding {
    /// The bits of the kinds that are budgets: in tokens, in money, and both.
    static let tokenBudgetKinds: UInt16 = 0b11_1100_0000
    static let costBudgetKinds: UInt16 = 0b11_1100_0000_0000
    static let budgetKinds = tokenBudgetKinds | costBudgetKinds
}
