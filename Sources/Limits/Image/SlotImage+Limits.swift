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

        @inline(__always)
        init(requests: Int64, tokens: Int64, cost: Int64, isOneMore: Bool) {
            self.requests = max(0, requests)
            self.tokens = max(0, tokens)
            self.cost = max(0, cost)
            self.isOneMore = isOneMore
        }

        @inline(__always)
        func amount(_ unit: LimitKind.Unit) -> Int64 {
            switch unit {
            case .requests: self.requests
            case .tokens: self.tokens
            case .cost: self.cost
            }
        }
    }

    /// What counts against a limit of a kind: what was used, and what is held of its unit.
    @inline(__always)
    func use(_ kind: LimitKind, _ held: Held, _ moment: WindowMoment, _ periods: CalendarPeriods) -> (
        Int64, held: Int64
    ) {
        switch kind {
        case .requestsPerMinute: (self.used(requests: Word.requestsMinute, moment.minute), 0)
        case .requestsPerHour: (self.used(requests: Word.requestsHour, moment.hour), 0)
        case .requestsPerDay: (self.used(requests: Word.requestsDay, moment.day), 0)
        case .tokensPerMinute: (self.used(tokens: Word.tokensMinute, moment.minute), held.tokens)
        case .tokensPerDay: (self.used(tokens: Word.tokensDay, moment.day), held.tokens)
        case .concurrency: (0, held.requests)
        case .dailyTokens, .weeklyTokens, .monthlyTokens, .totalTokens: (self.used(of: kind, periods), held.tokens)
        case .dailyCost, .weeklyCost, .monthlyCost, .totalCost: (self.used(of: kind, periods), held.cost)
        }
    }

    @inline(__always)
    private func used(requests word: Int, _ place: WindowMoment.Place) -> Int64 {
        var window = self.requests(word)
        window.roll(to: place)
        return window.used(place)
    }

    @inline(__always)
    private func used(tokens word: Int, _ place: WindowMoment.Place) -> Int64 {
        var window = self.tokens(word)
        window.roll(to: place)
        return window.used(place)
    }

    /// The sliding window of a kind, as it is at a moment; nil where the kind is none.
    @inline(__always)
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
    @inline(__always)
    func refusal(
        _ entries: Span<LimitDemand.Entry>, _ index: Int, _ want: Want, _ moment: WindowMoment
    ) -> LimitRefusal? {
        if entries[index].limits.isEmpty { return nil }
        let held = self.held
        guard self.isAnyBroken(entries, index, want, held, moment) else { return nil }
        return self.worstRefusal(entries[index], want, held, moment)
    }

    /// Each kind is named, so that nothing is looked up by it: this is asked for each slot of each request.
    private func isAnyBroken(
        _ entries: Span<LimitDemand.Entry>, _ index: Int, _ want: Want, _ held: Held, _ moment: WindowMoment
    ) -> Bool {
        let mask = entries[index].limits.mask
        if mask & LimitStanding.budgetKinds != 0 {
            if self.isBroken(.dailyTokens, entries, index, want, held, moment)
                || self.isBroken(.weeklyTokens, entries, index, want, held, moment)
                || self.isBroken(.monthlyTokens, entries, index, want, held, moment)
                || self.isBroken(.totalTokens, entries, index, want, held, moment)
                || self.isBroken(.dailyCost, entries, index, want, held, moment)
                || self.isBroken(.weeklyCost, entries, index, want, held, moment)
                || self.isBroken(.monthlyCost, entries, index, want, held, moment)
                || self.isBroken(.totalCost, entries, index, want, held, moment)
            {
                return true
            }
        }
        return self.isBroken(.requestsPerMinute, entries, index, want, held, moment)
            || self.isBroken(.requestsPerHour, entries, index, want, held, moment)
            || self.isBroken(.requestsPerDay, entries, index, want, held, moment)
            || self.isBroken(.tokensPerMinute, entries, index, want, held, moment)
            || self.isBroken(.tokensPerDay, entries, index, want, held, moment)
            || self.isBroken(.concurrency, entries, index, want, held, moment)
    }

    @inline(__always)
    private func isBroken(
        _ kind: LimitKind, _ entries: Span<LimitDemand.Entry>, _ index: Int, _ want: Want, _ held: Held,
        _ moment: WindowMoment
    ) -> Bool {
        guard let limit = entries[index].limits[kind] else { return false }
        return self.isBroken(kind, limit, entries[index].periods, want, held, moment)
    }

    /// Never for `unlimited`: no sum is more, and no number of requests at the same time is as much.
    @inline(__always)
    private func isBroken(
        _ kind: LimitKind, _ limit: Int64, _ periods: CalendarPeriods, _ want: Want, _ held: Held,
        _ moment: WindowMoment
    ) -> Bool {
        switch kind {
        case .requestsPerMinute:
            return self.isBroken(requests: Word.requestsMinute, limit, want.requests, moment.minute)
        case .requestsPerHour: return self.isBroken(requests: Word.requestsHour, limit, want.requests, moment.hour)
        case .requestsPerDay: return self.isBroken(requests: Word.requestsDay, limit, want.requests, moment.day)
        case .tokensPerMinute:
            return self.isBroken(tokens: Word.tokensMinute, limit, want.tokens, held.tokens, moment.minute)
        case .tokensPerDay:
            return self.isBroken(tokens: Word.tokensDay, limit, want.tokens, held.tokens, moment.day)
        case .concurrency: return want.isOneMore && held.requests >= limit
        case .dailyTokens, .weeklyTokens, .monthlyTokens, .totalTokens:
            if want.tokens == 0 { return false }
            return Amount.sum(Amount.sum(self.used(of: kind, periods), held.tokens), want.tokens) > limit
        case .dailyCost, .weeklyCost, .monthlyCost, .totalCost:
            if want.cost == 0 { return false }
            return Amount.sum(Amount.sum(self.used(of: kind, periods), held.cost), want.cost) > limit
        }
    }

    @inline(__always)
    private func isBroken(requests word: Int, _ limit: Int64, _ amount: Int64, _ place: WindowMoment.Place) -> Bool {
        if amount == 0 { return false }
        var window = self.requests(word)
        window.roll(to: place)
        return window.isBroken(limit, by: amount, place)
    }

    @inline(__always)
    private func isBroken(
        tokens word: Int, _ limit: Int64, _ amount: Int64, _ held: Int64, _ place: WindowMoment.Place
    ) -> Bool {
        if amount == 0 { return false }
        var window = self.tokens(word)
        window.roll(to: place)
        return window.isBroken(limit, by: Amount.sum(held, amount), place)
    }

    @inline(never)
    private func worstRefusal(
        _ entry: borrowing LimitDemand.Entry, _ want: Want, _ held: Held, _ moment: WindowMoment
    ) -> LimitRefusal? {
        var worst: LimitRefusal?
        for raw in stride(from: LimitKind.totalCost.rawValue, through: 0, by: -1) {
            guard let kind = LimitKind(rawValue: raw), let limit = entry.limits[kind],
                self.isBroken(kind, limit, entry.periods, want, held, moment)
            else { continue }
            let (used, held) = self.use(kind, held, moment, entry.periods)
            let all = Amount.sum(used, held)
            var wait: UInt64?
            if let (window, place) = self.window(kind, moment) {
                wait = window.wait(for: limit &- held &- want.amount(kind.unit), place)
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
    @inline(__always)
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

    @inline(__always)
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
