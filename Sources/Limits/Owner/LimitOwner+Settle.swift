import Domain

extension LimitOwner {
    @discardableResult
    public func settle(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, softPercent: UInt8,
        at time: LimitTime
    ) -> [LimitCrossing] {
        guard let holds = self.holds, let entry = holds.entry(hold) else { return [] }
        let use = LimitUse(tokens: max(0, tokens), cost: max(0, cost))
        let moment = WindowMoment(time.window)
        let held = holds.held(entry)
        let want = SlotImage.Want(requests: 0, tokens: held.tokens, cost: held.cost, isOneMore: true)
        let count = holds.keyCount(entry)
        // The periods of now, before the sequence says that they hold.
        for index in 0..<count {
            let key = holds.key(entry, index)
            if let given = Self.entry(of: key, entries, at: index), entries[given].periods != key.periods {
                holds.set(entry, key: index, slot: key.slot, entries[given].periods)
            }
        }
        self.sequence += 1
        holds.settle(entry, use, sequence: self.sequence)
        var crossings: [LimitCrossing] = []
        for index in 0..<count {
            let key = holds.key(entry, index)
            guard let given = Self.entry(of: key, entries, at: index) else { continue }
            self.settle(key, entries.span[given], want, use, softPercent, moment, &crossings)
        }
        holds.close(entry)
        return crossings
    }

    /// Which entry a key of the hold is: the one at the same place, as a rule.
    @inline(__always)
    private static func entry(of key: HoldList.Key, _ entries: [LimitDemand.Entry], at index: Int) -> Int? {
        if index < entries.count, entries[index].key.high == key.key.high, entries[index].key.low == key.key.low {
            return index
        }
        return entries.indices.first {
            entries[$0].key.high == key.key.high && entries[$0].key.low == key.key.low
        }
    }

    @inline(__always)
    private func settle(
        _ key: HoldList.Key, _ entry: borrowing LimitDemand.Entry, _ want: SlotImage.Want, _ use: LimitUse,
        _ softPercent: UInt8, _ moment: WindowMoment, _ crossings: inout [LimitCrossing]
    ) {
        guard let place = self.holds?.place else { return }
        let image = self.store.image(0)
        for _ in 0..<SlotStore.tries {
            guard
                let slot = self.store.open(
                    at: key.slot, entry.key, entry.scope, into: image, moment, key.periods)
            else { return }
            let budgets = BudgetUse(image, entry.limits, key.periods)
            image.release(want, place: place, instance: self.instance)
            image.use(use, moment, key.periods)
            image.setSequence(self.sequence, place: place)
            guard self.store.swap(slot, image) else { continue }
            budgets.crossings(to: image, entry, key.periods, softPercent, &crossings)
            return
        }
    }
}

/// What was used of the budgets of a slot: of those that are limited.
private struct BudgetUse {
    private var used = InlineArray<8, Int64>(repeating: 0)
    private let mask: UInt16

    @inline(__always)
    init(_ image: SlotImage, _ limits: borrowing LimitSet, _ periods: CalendarPeriods) {
        self.mask = limits.mask >> UInt16(LimitKind.dailyTokens.rawValue)
        var mask = self.mask
        while let (bit, kind) = Self.next(&mask) { self.used[bit] = image.used(of: kind, periods) }
    }

    @inline(__always)
    private static func next(_ mask: inout UInt16) -> (Int, LimitKind)? {
        if mask == 0 { return nil }
        let bit = mask.trailingZeroBitCount & 7
        mask &= mask &- 1
        return LimitKind(rawValue: LimitKind.dailyTokens.rawValue + UInt8(bit)).map { (bit, $0) }
    }

    /// The soft limits that lie between this and what `image` has now.
    @inline(__always)
    func crossings(
        to image: SlotImage, _ entry: borrowing LimitDemand.Entry, _ periods: CalendarPeriods, _ softPercent: UInt8,
        _ crossings: inout [LimitCrossing]
    ) {
        guard softPercent > 0 else { return }
        var mask = self.mask
        while let (bit, kind) = Self.next(&mask) {
            let now = image.used(of: kind, periods)
            guard now > self.used[bit], let limit = entry.limits[kind], limit != LimitSet.unlimited else { continue }
            let soft = Amount.share(limit, UInt64(min(softPercent, 100)), of: 100)
            guard self.used[bit] < soft, now >= soft else { continue }
            crossings.append(
                LimitCrossing(scope: entry.scope, key: entry.key, kind: kind, limit: limit, used: now))
        }
    }
}

extension SlotImage {
    /// What was used of a budget, without what is held.
    @inline(__always)
    fileprivate func used(of kind: LimitKind, _ periods: CalendarPeriods) -> Int64 {
        switch kind {
        case .dailyTokens: self.periods(Word.day).used(periods.day).tokens
        case .weeklyTokens: self.periods(Word.week).used(periods.week).tokens
        case .monthlyTokens: self.periods(Word.month).used(periods.month).tokens
        case .totalTokens: Amount.of(self[Word.totalTokens])
        case .dailyCost: self.periods(Word.day).used(periods.day).cost
        case .weeklyCost: self.periods(Word.week).used(periods.week).cost
        case .monthlyCost: self.periods(Word.month).used(periods.month).cost
        case .totalCost: Amount.of(self[Word.totalCost])
        default: 0
        }
    }
}
