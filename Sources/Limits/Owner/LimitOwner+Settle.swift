import Domain

extension LimitOwner {
    @discardableResult
    public func settle(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, softPercent: UInt8,
        at time: LimitTime
    ) -> [LimitCrossing] {
        guard let holds = self.holds, let entry = holds.entry(hold) else { return [] }
        let entries = entries.span
        let use = LimitUse(tokens: max(0, tokens), cost: max(0, cost))
        let moment = WindowMoment(time.window)
        let held = holds.held(entry)
        let want = SlotImage.Want(requests: 0, tokens: held.tokens, cost: held.cost, isOneMore: true)
        let count = holds.keyCount(entry)
        // The periods of now, before the sequence says that they hold.
        for index in 0..<count {
            let key = holds.key(entry, index)
            guard let given = Self.entry(of: key, entries, at: index) else { continue }
            let periods = entries[given].periods
            if periods != key.periods { holds.set(entry, key: index, slot: key.slot, periods) }
        }
        self.sequence += 1
        holds.settle(entry, use, sequence: self.sequence)
        var crossings: [LimitCrossing] = []
        for index in 0..<count {
            let key = holds.key(entry, index)
            guard let given = Self.entry(of: key, entries, at: index) else { continue }
            self.settle(key, entries, given, want, use, softPercent, moment, &crossings)
        }
        holds.close(entry)
        return crossings
    }

    /// Which entry a key of the hold is: the one at the same place, as a rule.
    @inline(always)
    private static func entry(of key: HoldList.Key, _ entries: Span<LimitDemand.Entry>, at index: Int) -> Int? {
        if index < entries.count, Self.matches(entries[index].key, key.key) { return index }
        for other in entries.indices where Self.matches(entries[other].key, key.key) { return other }
        return nil
    }

    @inline(always)
    private static func matches(_ key: LimitKey, _ words: (high: UInt64, low: UInt64)) -> Bool {
        key.high == words.high && key.low == words.low
    }

    @inline(always)
    private func settle(
        _ key: HoldList.Key, _ entries: Span<LimitDemand.Entry>, _ index: Int, _ want: SlotImage.Want,
        _ use: LimitUse, _ softPercent: UInt8, _ moment: WindowMoment, _ crossings: inout [LimitCrossing]
    ) {
        guard let place = self.holds?.place else { return }
        let image = self.store.image(0)
        for _ in 0..<SlotStore.tries {
            guard
                let slot = self.store.open(
                    at: key.slot, entries[index].key, entries[index].scope, into: image, moment, key.periods)
            else { return }
            image.release(want, place: place, instance: self.instance)
            image.use(use, moment, key.periods)
            image.setSequence(self.sequence, place: place)
            guard self.store.swap(slot, image) else { continue }
            if softPercent > 0, entries[index].limits.mask & LimitStanding.budgetKinds != 0 {
                image.crossings(entries, index, use, key.periods, softPercent, into: &crossings)
            }
            return
        }
    }
}
