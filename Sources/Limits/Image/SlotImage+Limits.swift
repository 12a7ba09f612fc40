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
        case .dailyTokens: (self.periods(Word.day).used(periods.day).tokens, held.tokens)
        case .weeklyTokens: (self.periods(Word.week).used(periods.week).tokens, held.tokens)
        case .monthlyTokens: (self.periods(Word.month).used(periods.month).tokens, held.tokens)
        case .totalTokens: (Amount.of(self[Word.totalTokens]), held.tokens)
        case .dailyCost: (self.periods(Word.day).used(periods.day).cost, held.cost)
        case .weeklyCost: (self.periods(Word.week).used(periods.week).cost, held.cost)
        case .monthlyCost: (self.periods(Word.month).used(periods.month).cost, held.cost)
        case .totalCost: (Amount.of(self[Word.totalCost]), held.cost)
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
        _ entry: borrowing LimitDemand.Entry, _ want: Want, _ moment: WindowMoment
    ) -> LimitRefusal? {
        var mask = entry.limits.mask
        if mask == 0 { return nil }
        let held = self.held
        while mask != 0 {
            let bit = 15 - UInt8(truncatingIfNeeded: mask.leadingZeroBitCount)
            mask &= ~(1 << UInt16(bit))
            guard let kind = LimitKind(rawValue: bit), let limit = entry.limits[kind], limit != LimitSet.unlimited
            else { continue }
            if self.isBroken(kind, limit, entry.periods, want, held, moment) {
                return self.worstRefusal(entry, want, held, moment)
            }
        }
        return nil
    }

    @inline(__always)
    private func isBroken(
        _ kind: LimitKind, _ limit: Int64, _ periods: CalendarPeriods, _ want: Want, _ held: Held,
        _ moment: WindowMoment
    ) -> Bool {
        let wanted = kind == .concurrency ? (want.isOneMore ? 1 : 0) : want.amount(kind.unit)
        if wanted == 0 { return false }
        let (used, held) = self.use(kind, held, moment, periods)
        return Amount.sum(Amount.sum(used, held), wanted) > limit
    }

    @inline(never)
    private func worstRefusal(
        _ entry: borrowing LimitDemand.Entry, _ want: Want, _ held: Held, _ moment: WindowMoment
    ) -> LimitRefusal? {
        var worst: LimitRefusal?
        for raw in stride(from: LimitKind.totalCost.rawValue, through: 0, by: -1) {
            guard let kind = LimitKind(rawValue: raw), let limit = entry.limits[kind], limit != LimitSet.unlimited,
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
    func tighten(_ standing: inout LimitStanding, _ limits: borrowing LimitSet, _ moment: WindowMoment) {
        var mask = limits.mask & LimitStanding.kinds
        if mask == 0 { return }
        let held = self.held
        while mask != 0 {
            let bit = UInt8(truncatingIfNeeded: mask.trailingZeroBitCount)
            mask &= mask &- 1
            guard let kind = LimitKind(rawValue: bit), let limit = limits[kind], limit != LimitSet.unlimited,
                let (window, place) = self.window(kind, moment)
            else { continue }
            let isRequests = kind.unit == .requests
            let used = Amount.sum(window.used(place), isRequests ? 0 : held.tokens)
            let remaining = Amount.rest(limit, used)
            if let before = isRequests ? standing.requests : standing.tokens {
                // remaining / limit, crosswise.
                let mine = Double(remaining) * Double(max(1, before.limit))
                if mine >= Double(before.remaining) * Double(max(1, limit)) { continue }
            }
            let now = LimitStanding.Window(
                limit: limit, remaining: remaining, reset: window.wait(for: 0, place) ?? 0)
            if isRequests { standing.requests = now } else { standing.tokens = now }
        }
    }
}

extension LimitStanding {
    /// The bits of the kinds that are sliding windows.
    static let kinds: UInt16 = 0b1_1111
}
