public import Domain

extension LimitOwner {
    public func admit(_ demand: LimitDemand, record: RecordID, at time: LimitTime) -> LimitVerdict {
        let entries = demand.entries.span
        guard let holds = self.holds, entries.count <= LimitDemand.maximumEntries else { return .full }
        let moment = WindowMoment(time.window)
        let want = SlotImage.Want(
            requests: demand.requests, tokens: demand.tokens, cost: demand.cost, isOneMore: true)
        guard self.open(entries, moment) else { return .full }
        if let verdict = self.refusal(entries, want, moment) { return verdict }
        guard let entry = holds.take() else { return .full }
        for index in entries.indices {
            holds.set(
                entry, key: index, entries[index].key, slot: self.slots[index].index, entries[index].periods)
        }
        let hold = holds.open(
            entry, record, keys: entries.count, LimitUse(tokens: want.tokens, cost: want.cost))
        if let verdict = self.commit(entries, want, moment, entry) {
            holds.close(entry)
            return verdict
        }
        return .admitted(hold, self.standing(entries, moment))
    }

    public func check(_ entries: [LimitDemand.Entry], at time: LimitTime, into limits: inout [CheckedLimit]) {
        let moment = WindowMoment(time.window)
        for index in entries.indices where index < LimitDemand.maximumEntries && !entries[index].limits.isEmpty {
            self.store.image(index).check(entries.span[index], moment, into: &limits)
        }
    }

    public func checkNow(_ entries: [LimitDemand.Entry], at time: LimitTime, into limits: inout [CheckedLimit]) {
        let moment = WindowMoment(time.window)
        guard entries.count <= LimitDemand.maximumEntries, self.open(entries.span, moment) else { return }
        for index in entries.indices where !entries[index].limits.isEmpty {
            var tries = SlotStore.tries
            // Read while somebody else wrote it.
            while !self.store.isUnchanged(self.slots[index]) {
                tries -= 1
                guard tries > 0, self.reopen(index, entries[index], moment) else { return }
            }
        }
        self.check(entries, at: time, into: &limits)
    }

    public func extend(
        _ hold: LimitHold, _ entries: [LimitDemand.Entry], tokens: Int64, cost: Int64, at time: LimitTime
    ) -> LimitRefusal? {
        guard let holds = self.holds, let entry = holds.entry(hold), entries.count <= LimitDemand.maximumEntries else {
            return nil
        }
        let moment = WindowMoment(time.window)
        let want = SlotImage.Want(requests: 0, tokens: tokens, cost: cost, isOneMore: false)
        let entries = entries.span
        // What has no room cannot be said to be refused; such a slot is not there, or not to be used.
        guard self.open(entries, moment) else { return nil }
        switch self.refusal(entries, want, moment) ?? self.commit(entries, want, moment, entry) {
        case .refused(let refusal, _): return refusal
        // Nothing more is held then, so nothing more is to be released either.
        case .full: return nil
        case .admitted, nil: break
        }
        // Only now: until then what was held before is the most that can have been used.
        let held = holds.held(entry)
        holds.setHeld(
            entry,
            LimitUse(tokens: Amount.sum(held.tokens, want.tokens), cost: Amount.sum(held.cost, want.cost)))
        return nil
    }

    /// Reads the slots of all entries, each into its image; false where one has no room.
    @inline(always)
    private func open(_ entries: Span<LimitDemand.Entry>, _ moment: WindowMoment) -> Bool {
        for index in entries.indices {
            guard
                let slot = self.store.open(
                    entries[index].key, entries[index].scope, into: self.store.image(index), moment,
                    entries[index].periods)
            else { return false }
            self.slots[index] = slot
        }
        return true
    }

    /// Reads the slot of an entry again, after somebody else has changed it.
    private func reopen(_ index: Int, _ entry: LimitDemand.Entry, _ moment: WindowMoment) -> Bool {
        guard
            let slot = self.store.open(
                at: self.slots[index].index, entry.key, entry.scope, into: self.store.image(index), moment,
                entry.periods)
        else { return false }
        self.slots[index] = slot
        return true
    }

    /// What refuses, before anything is changed; nil where nothing does.
    @inline(always)
    private func refusal(
        _ entries: Span<LimitDemand.Entry>, _ want: SlotImage.Want, _ moment: WindowMoment
    ) -> LimitVerdict? {
        for index in entries.indices {
            if entries[index].limits.isEmpty { continue }
            var tries = SlotStore.tries
            while let refusal = self.store.image(index).refusal(entries, index, want, moment) {
                if self.store.isUnchanged(self.slots[index]) {
                    return .refused(refusal, self.standing(entries, moment))
                }
                tries -= 1
                guard tries > 0, self.reopen(index, entries[index], moment) else { return .full }
            }
        }
        return nil
    }

    /// Changes all slots, or none: then what was in the way.
    @inline(always)
    private func commit(
        _ entries: Span<LimitDemand.Entry>, _ want: SlotImage.Want, _ moment: WindowMoment, _ hold: Int
    ) -> LimitVerdict? {
        for index in entries.indices {
            let image = self.store.image(index)
            self.apply(want, to: image, moment)
            if self.store.swap(self.slots[index], image) { continue }
            if let verdict = self.commitAgain(index, entries, want, moment, hold) {
                for done in 0..<index { self.undo(done, entries[done], want, moment) }
                return verdict
            }
        }
        return nil
    }

    @inline(always)
    private func apply(_ want: SlotImage.Want, to image: SlotImage, _ moment: WindowMoment) {
        guard let place = self.holds?.place else { return }
        image.count(want.requests, moment)
        image.hold(want, place: place, instance: self.instance)
    }

    /// Changes one slot that somebody else has changed since it was checked.
    @inline(never)
    private func commitAgain(
        _ index: Int, _ entries: Span<LimitDemand.Entry>, _ want: SlotImage.Want, _ moment: WindowMoment, _ hold: Int
    ) -> LimitVerdict? {
        let image = self.store.image(index)
        for _ in 0..<SlotStore.tries {
            let before = self.slots[index].index
            guard self.reopen(index, entries[index], moment) else { return .full }
            if self.slots[index].index != before {
                self.holds?.set(hold, key: index, slot: self.slots[index].index, entries[index].periods)
            }
            if let refusal = image.refusal(entries, index, want, moment) {
                guard self.store.isUnchanged(self.slots[index]) else { continue }
                return .refused(refusal, self.standing(entries, moment))
            }
            self.apply(want, to: image, moment)
            if self.store.swap(self.slots[index], image) { return nil }
        }
        return .full
    }

    /// Takes back what was counted and held in one slot.
    private func undo(_ index: Int, _ entry: LimitDemand.Entry, _ want: SlotImage.Want, _ moment: WindowMoment) {
        guard let place = self.holds?.place else { return }
        #if SLUICE_TEST_HOOKS
        if TableFault.current == .undo { return }
        #endif
        let image = self.store.image(SlotStore.undoImage)
        for _ in 0..<SlotStore.tries {
            guard
                let slot = self.store.open(
                    at: self.slots[index].index, entry.key, entry.scope, into: image, moment, entry.periods)
            else { return }
            image.uncount(want.requests, countedIn: self.store.image(index))
            image.release(want, place: place, instance: self.instance)
            if self.store.swap(slot, image) { return }
        }
    }

    private func standing(_ entries: Span<LimitDemand.Entry>, _ moment: WindowMoment) -> LimitStanding {
        var standing = LimitStanding()
        for index in entries.indices where !entries[index].limits.isEmpty {
            let image = self.store.image(index)
            image.tighten(&standing, entries, index, moment)
            if entries[index].limits.mask & LimitStanding.budgetKinds != 0 { image.fill(&standing, entries, index) }
        }
        return standing
    }
}
