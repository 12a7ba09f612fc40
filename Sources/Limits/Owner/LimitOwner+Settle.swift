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
            if let given = Self.entry(of: key, entries, at: index), given.periods != key.periods {
                holds.set(entry, key: index, slot: key.slot, given.periods)
            }
        }
        self.sequence += 1
        holds.settle(entry, use, sequence: self.sequence)
        var crossings: [LimitCrossing] = []
        for index in 0..<count {
            let key = holds.key(entry, index)
            self.settle(
                key, Self.entry(of: key, entries, at: index), want, use, softPercent, moment, &crossings)
        }
        holds.close(entry)
        return crossings
    }

    /// The entry of a key of the hold: the one at the same place, as a rule.
    @inline(__always)
    private static func entry(
        of key: HoldList.Key, _ entries: [LimitDemand.Entry], at index: Int
    ) -> LimitDemand.Entry? {
        if index < entries.count, entries[index].key.high == key.key.high, entries[index].key.low == key.key.low {
            return entries[index]
        }
        return entries.first { $0.key.high == key.key.high && $0.key.low == key.key.low }
    }

    @inline(__always)
    private func settle(
        _ key: HoldList.Key, _ entry: LimitDemand.Entry?, _ want: SlotImage.Want, _ use: LimitUse,
        _ softPercent: UInt8, _ moment: WindowMoment, _ crossings: inout [LimitCrossing]
    ) {
        guard let place = self.holds?.place, let entry else { return }
        let image = self.store.image(0)
        for _ in 0..<SlotStore.tries {
            guard
                let slot = self.store.open(
                    at: key.slot, entry.key, entry.scope, into: image, moment, key.periods)
            else { return }
            let before = entry.limits.mask >> LimitKind.dailyTokens.rawValue == 0 ? nil : BudgetUse(image, key.periods)
            image.release(want, place: place, instance: self.instance)
            image.use(use, moment, key.periods)
            image.setSequence(self.sequence, place: place)
            guard self.store.swap(slot, image) else { continue }
            before?.crossings(to: BudgetUse(image, key.periods), entry, softPercent, &crossings)
            return
        }
    }
}

/// What was used of the budgets of a slot.
private struct BudgetUse {
    private var used = InlineArray<8, Int64>(repeating: 0)

    init(_ image: SlotImage, _ periods: CalendarPeriods) {
        let word = SlotImage.Word.self
        let day = image.periods(word.day).used(periods.day)
        let week = image.periods(word.week).used(periods.week)
        let month = image.periods(word.month).used(periods.month)
        self.used = [
            day.tokens, week.tokens, month.tokens, Amount.of(image[word.totalTokens]),
            day.cost, week.cost, month.cost, Amount.of(image[word.totalCost]),
        ]
    }

    /// The soft limits that lie between this and `after`.
    func crossings(
        to after: BudgetUse, _ entry: LimitDemand.Entry, _ softPercent: UInt8, _ crossings: inout [LimitCrossing]
    ) {
        guard softPercent > 0 else { return }
        for index in 0..<8 where after.used[index] > self.used[index] {
            guard let kind = LimitKind(rawValue: LimitKind.dailyTokens.rawValue + UInt8(index)),
                let limit = entry.limits[kind], limit != LimitSet.unlimited
            else { continue }
            let soft = Amount.share(limit, UInt64(min(softPercent, 100)), of: 100)
            guard self.used[index] < soft, after.used[index] >= soft else { continue }
            crossings.append(
                LimitCrossing(
                    scope: entry.scope, key: entry.key, kind: kind, limit: limit, used: after.used[index]))
        }
    }
}
