import Domain

extension SlotImage {
    /// Adds this slot's budgets to what a reply says: of several the one of which the largest share is used. What is held does not
    /// count.
    @inline(__always)
    func fill(_ standing: inout LimitStanding, _ entry: borrowing LimitDemand.Entry, _ moment: WindowMoment) {
        // The kinds from `dailyTokens` on.
        if entry.limits.mask >> UInt16(LimitKind.dailyTokens.rawValue) == 0 { return }
        self.fillBudgets(&standing, entry, moment)
    }

    @inline(never)
    private func fillBudgets(
        _ standing: inout LimitStanding, _ entry: borrowing LimitDemand.Entry, _ moment: WindowMoment
    ) {
        let held = self.held
        for raw in LimitKind.dailyTokens.rawValue...LimitKind.totalCost.rawValue {
            guard let kind = LimitKind(rawValue: raw), let limit = entry.limits[kind], limit != LimitSet.unlimited
            else { continue }
            let (used, _) = self.use(kind, held, moment, entry.periods)
            if let before = standing.budget {
                // used / limit, crosswise; of nothing all is used.
                let mine = Double(max(1, used)) * Double(max(1, before.limit))
                if mine <= Double(max(1, before.used)) * Double(max(1, limit)) { continue }
            }
            standing.budget = LimitStanding.Budget(scope: entry.scope, kind: kind, limit: limit, used: used)
        }
    }
}
