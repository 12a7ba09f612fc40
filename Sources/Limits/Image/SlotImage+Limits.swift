import Domain

/// What a slot says to a request.
extension SlotImage {
    /// What a request wants of a slot.
    struct Want: Hashable {
        var requests: Int64
        var tokens: Int64
        var cost: Int64
        /// Whether it will be one request more at the same time.
        var isOneMore: Bool

        @inline(always)
        init(requests: Int64, tokens: Int64, cost: Int64, isOneMore: Bool) {
            self.requests = max(0, requests)
            self.tokens = max(0, tokens)
            self.cost = max(0, cost)
            self.isOneMore = isOneMore
        }

        @inline(always)
        func amount(_ unit: LimitKind.Unit) -> Int64 {
            switch unit {
            case .requests: self.requests
            case .tokens: self.tokens
            case .cost: self.cost
            }
        }
    }

    /// What counts against a limit of a kind: what was used, and what is held of its unit.
    @inline(always)
    func use(_ kind: LimitKind, _ held: Held, _ moment: WindowMoment, _ periods: CalendarPeriods) -> (
        Int64, held: Int64
    ) {
        if let (window, place) = self.window(kind, moment) {
            return (window.used(place), kind.unit == .tokens ? held.tokens : 0)
        }
        return switch kind.unit {
        // Of these only the number at the same time is no window.
        case .requests: (0, held.requests)
        case .tokens: (self.used(of: kind, periods), held.tokens)
        case .cost: (self.used(of: kind, periods), held.cost)
        }
    }

    /// The sliding window of a kind, as it is at a moment; nil where the kind is none.
    @inline(always)
    func window(_ kind: LimitKind, _ moment: WindowMoment) -> (window: SlidingWindow, place: WindowMoment.Place)? {
        var window: SlidingWindow
        let place: WindowMoment.Place
        switch kind {
        case .requestsPerMinute: (window, place) = (self.requests(Word.requestsMinute), moment.minute)
        case .requestsPerHour: (window, place) = (self.requests(Word.requestsHour), moment.hour)
        case .requestsPerDay: (window, place) = (self.requests(Word.requestsDay), moment.day)
        case .tokensPerMinute: (window, place) = (self.tokens(Word.tokensMinute), moment.minute)
        case .tokensPerDay: (window, place) = (self.tokens(Word.tokensDay), moment.day)
        default: return nil
        }
        window.roll(to: place)
        return (window, place)
    }

    /// The limit that a request would break; nil where it would break none. Of several the one that takes longest to heal: budgets,
    /// what is used in all first, then the window with the longest wait, then concurrency.
    ///
    /// A request that wants nothing of a unit is not refused by a limit of that unit.
    @inline(always)
    func refusal(
        _ entries: Span<LimitDemand.Entry>, _ index: Int, _ want: Want, _ moment: WindowMoment
    ) -> LimitRefusal? {
        if entries[index].limits.isEmpty { return nil }
        let held = self.held
        guard self.isAnyBroken(entries, index, want, held, moment) else { return nil }
        return self.worstRefusal(entries[index], want, held, moment)
    }

    /// Each kind is named, so that nothing is looked up by it: this is asked for each slot of each request. (With `||` between them, the
    /// compiler would call each of them, with all that it needs on the stack.) Never true for `unlimited`: no sum is more, and no number of
    /// requests at the same time is as much.
    private func isAnyBroken(
        _ entries: Span<LimitDemand.Entry>, _ index: Int, _ want: Want, _ held: Held, _ moment: WindowMoment
    ) -> Bool {
        let mask = entries[index].limits.mask
        if want.tokens > 0 {
            let tokens = Amount.sum(held.tokens, want.tokens)
            if mask & LimitStanding.tokenBudgetKinds != 0 {
                if self.isBroken(.dailyTokens, entries, index, by: tokens) { return true }
                if self.isBroken(.weeklyTokens, entries, index, by: tokens) { return true }
                if self.isBroken(.monthlyTokens, entries, index, by: tokens) { return true }
                if self.isBroken(.totalTokens, entries, index, by: tokens) { return true }
            }
            if mask & LimitStanding.tokenKinds != 0 {
                if self.isBroken(.tokensPerMinute, entries, index, by: tokens, moment) { return true }
                if self.isBroken(.tokensPerDay, entries, index, by: tokens, moment) { return true }
            }
        }
        if want.cost > 0, mask & LimitStanding.costBudgetKinds != 0 {
            let cost = Amount.sum(held.cost, want.cost)
            if self.isBroken(.dailyCost, entries, index, by: cost) { return true }
            if self.isBroken(.weeklyCost, entries, index, by: cost) { return true }
            if self.isBroken(.monthlyCost, entries, index, by: cost) { return true }
            if self.isBroken(.totalCost, entries, index, by: cost) { return true }
        }
        if want.requests > 0, mask & LimitStanding.requestKinds != 0 {
            if self.isBroken(.requestsPerMinute, entries, index, by: want.requests, moment) { return true }
            if self.isBroken(.requestsPerHour, entries, index, by: want.requests, moment) { return true }
            if self.isBroken(.requestsPerDay, entries, index, by: want.requests, moment) { return true }
        }
        guard want.isOneMore, let limit = entries[index].limits[.concurrency] else { return false }
        return held.requests >= limit
    }

    /// Whether `amount` more, with what is held, would break a budget.
    @inline(always)
    private func isBroken(
        _ budget: LimitKind, _ entries: Span<LimitDemand.Entry>, _ index: Int, by amount: Int64
    ) -> Bool {
        guard let limit = entries[index].limits[budget] else { return false }
        return Amount.sum(self.used(of: budget, entries[index].periods), amount) > limit
    }

    /// The same of a window.
    @inline(always)
    private func isBroken(
        _ kind: LimitKind, _ entries: Span<LimitDemand.Entry>, _ index: Int, by amount: Int64, _ moment: WindowMoment
    ) -> Bool {
        guard let limit = entries[index].limits[kind], let (window, place) = self.window(kind, moment) else {
            return false
        }
        return window.isBroken(limit, by: amount, place)
    }

    @inline(never)
    private func worstRefusal(
        _ entry: borrowing LimitDemand.Entry, _ want: Want, _ held: Held, _ moment: WindowMoment
    ) -> LimitRefusal? {
        var worst: LimitRefusal?
        for raw in stride(from: LimitKind.totalCost.rawValue, through: 0, by: -1) {
            guard let kind = LimitKind(rawValue: raw), let limit = entry.limits[kind] else { continue }
            let (used, held) = self.use(kind, held, moment, entry.periods)
            let all = Amount.sum(used, held)
            let amount = kind == .concurrency ? (want.isOneMore ? 1 : 0) : want.amount(kind.unit)
            guard amount > 0, Amount.sum(all, amount) > limit else { continue }
            var wait: UInt64?
            if let (window, place) = self.window(kind, moment) {
                wait = window.wait(for: limit &- held &- amount, place)
            }
            let refusal = LimitRefusal(
                scope: entry.scope, kind: kind, limit: limit, used: all, held: held,
                remaining: Amount.rest(limit, all), retryAfter: wait)
            if kind.isBudget { return refusal }
            if let before = worst, kind == .concurrency || !Self.isLonger(refusal, before) { continue }
            worst = refusal
        }
        return worst
    }

    private static func isLonger(_ one: LimitRefusal, _ other: LimitRefusal) -> Bool {
        if other.kind == .concurrency { return true }
        guard let wait = other.retryAfter else { return false }
        return (one.retryAfter ?? .max) > wait
    }

    /// Adds this slot's windows to what the headers of a reply say: of several the one with the smallest share left.
    @inline(always)
    func tighten(
        _ standing: inout LimitStanding, _ entries: Span<LimitDemand.Entry>, _ index: Int, _ moment: WindowMoment
    ) {
        let mask = entries[index].limits.mask
        if mask & LimitStanding.requestKinds != 0 {
            self.tighten(&standing.requests, .requestsPerMinute, entries, index, 0, moment)
            self.tighten(&standing.requests, .requestsPerHour, entries, index, 0, moment)
            self.tighten(&standing.requests, .requestsPerDay, entries, index, 0, moment)
        }
        if mask & LimitStanding.tokenKinds != 0 {
            let held = self.held.tokens
            self.tighten(&standing.tokens, .tokensPerMinute, entries, index, held, moment)
            self.tighten(&standing.tokens, .tokensPerDay, entries, index, held, moment)
        }
    }

    @inline(always)
    private func tighten(
        _ tightest: inout LimitStanding.Window?, _ kind: LimitKind, _ entries: Span<LimitDemand.Entry>, _ index: Int,
        _ held: Int64, _ moment: WindowMoment
    ) {
        guard let limit = entries[index].limits[kind], limit != LimitSet.unlimited,
            let (window, place) = self.window(kind, moment)
        else { return }
        let remaining = Amount.rest(limit, Amount.sum(window.used(place), held))
        if let before = tightest {
            // remaining / limit, crosswise.
            let mine = Double(remaining) * Double(max(1, before.limit))
            if mine >= Double(before.remaining) * Double(max(1, limit)) { return }
        }
        tightest = LimitStanding.Window(limit: limit, remaining: remaining, reset: window.untilEmpty(place))
    }
}

extension LimitStanding {
    /// The bits of the kinds that are sliding windows of requests, and of tokens.
    static let requestKinds: UInt16 = 0b111
    static let tokenKinds: UInt16 = 0b1_1000
}
