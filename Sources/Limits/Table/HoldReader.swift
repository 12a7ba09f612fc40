import Domain

/// One entry of a list of holds, as anybody reads it. All of it may be damaged: amounts are at least 0, keys at most as many as there
/// can be, slots are checked where they are used.
struct HoldReader {
    private let mapping: TableMapping
    private let place: Int
    private let entry: Int

    init(_ mapping: TableMapping, _ place: Int, _ entry: Int) {
        self.mapping = mapping
        self.place = place
        self.entry = entry
    }

    @inline(always)
    private func word(_ word: Int) -> UInt64 { self.mapping.hold(self.place, self.entry, word) }

    var isOpen: Bool { self.word(HoldEntry.state) & 1 == 1 }

    var keyCount: Int { min(Int(self.word(HoldEntry.state) >> 32 & 0xFF), LimitDemand.maximumEntries) }

    var record: RecordID {
        RecordID(high: self.word(HoldEntry.recordHigh), low: self.word(HoldEntry.recordLow))
    }

    var held: LimitUse {
        LimitUse(tokens: Amount.of(self.word(HoldEntry.tokens)), cost: Amount.of(self.word(HoldEntry.cost)))
    }

    /// 0 until it is being settled.
    var sequence: UInt64 { self.word(HoldEntry.sequence) }

    var actual: LimitUse {
        LimitUse(
            tokens: Amount.of(self.word(HoldEntry.actualTokens)), cost: Amount.of(self.word(HoldEntry.actualCost)))
    }

    @inline(always)
    func key(_ index: Int) -> HoldList.Key {
        let start = HoldEntry.keys + index * HoldEntry.keyWords
        let (first, second, high, low) = self.mapping.holdWords(self.place, self.entry, start)
        return HoldList.Key(
            slot: Int(first >> 32), key: (high, low),
            periods: CalendarPeriods(
                day: UInt32(truncatingIfNeeded: first), week: UInt32(truncatingIfNeeded: second >> 32),
                month: UInt32(truncatingIfNeeded: second)))
    }
}
