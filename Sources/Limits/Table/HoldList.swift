import Domain

/// The list of what one process holds, in the file, as that process writes it.
///
/// Lives on its loop. An entry is written before the first slot is changed and closed after the last one is, so whatever is held in a
/// slot is in an entry that is open. Which entries are free is known in the process's own memory only.
final class HoldList {
    /// A key of an entry.
    struct Key {
        var slot: Int
        var key: (high: UInt64, low: UInt64)
        var periods: CalendarPeriods
    }

    let place: Int
    private let mapping: TableMapping
    /// How often each entry has been opened or closed; odd while it is open.
    private var uses: [UInt32] = []
    private var free: [UInt32] = []
    private(set) var openCount = 0

    /// Takes the list of a place that has just become this process's own; nothing in it is open.
    init(_ mapping: TableMapping, place: Int) {
        self.mapping = mapping
        self.place = place
        let mark = TableLayout.Header.holdMarks + place
        for entry in 0..<Int(clamping: min(mapping.header(mark), UInt64(mapping.layout.holds))) {
            mapping.setHold(place, entry, HoldEntry.state, 0)
        }
        mapping.setHeader(mark, 0)
    }

    /// An entry that nobody uses; nil where all are in use. It is not open before `write`.
    func take() -> Int? {
        if let entry = self.free.popLast() { return Int(entry) }
        guard self.uses.count < self.mapping.layout.holds else { return nil }
        self.uses.append(0)
        self.mapping.setHeader(TableLayout.Header.holdMarks + self.place, UInt64(self.uses.count))
        return self.uses.count - 1
    }

    /// The entry of a hold; nil where it is closed.
    func entry(_ hold: LimitHold) -> Int? {
        let entry = Int(hold.place)
        guard entry < self.uses.count, hold.use & 1 == 1, self.uses[entry] == hold.use else { return nil }
        return entry
    }

    // MARK: Writing

    /// Writes a key of an entry: before the entry is opened.
    @inline(always)
    func set(_ entry: Int, key index: Int, _ key: LimitKey, slot: Int, _ periods: CalendarPeriods) {
        let word = HoldEntry.keys + index * HoldEntry.keyWords
        let (first, second) = Self.packed(slot: slot, periods)
        self.mapping.setHold(self.place, entry, word, (first, second, key.high, key.low))
    }

    /// Changes the slot and the periods of a key.
    @inline(always)
    func set(_ entry: Int, key index: Int, slot: Int, _ periods: CalendarPeriods) {
        let word = HoldEntry.keys + index * HoldEntry.keyWords
        let (first, second) = Self.packed(slot: slot, periods)
        self.set(entry, word, first)
        self.set(entry, word + 1, second)
    }

    /// The first two words of a key, as `HoldReader` takes them apart.
    @inline(always)
    private static func packed(slot: Int, _ periods: CalendarPeriods) -> (UInt64, UInt64) {
        (
            UInt64(slot & 0xFFFF_FFFF) << 32 | UInt64(periods.day),
            UInt64(periods.week) << 32 | UInt64(periods.month)
        )
    }

    /// Opens an entry whose keys are written.
    func open(_ entry: Int, _ record: RecordID, keys: Int, _ held: LimitUse) -> LimitHold {
        self.set(entry, HoldEntry.recordHigh, record.high)
        self.set(entry, HoldEntry.recordLow, record.low)
        self.setHeld(entry, held)
        self.set(entry, HoldEntry.sequence, 0)
        self.uses[entry] &+= 1
        self.set(entry, HoldEntry.state, UInt64(keys & 0xFF) << 32 | UInt64(self.uses[entry]))
        #if SLUICE_TEST_HOOKS
        if TableFault.current == .entry { self.set(entry, HoldEntry.state, UInt64(keys & 0xFF) << 32) }
        #endif
        self.openCount += 1
        return LimitHold(place: UInt32(entry), use: self.uses[entry])
    }

    func setHeld(_ entry: Int, _ held: LimitUse) {
        self.set(entry, HoldEntry.tokens, UInt64(bitPattern: held.tokens))
        self.set(entry, HoldEntry.cost, UInt64(bitPattern: held.cost))
    }

    /// Notes what was used, and that settling begins.
    func settle(_ entry: Int, _ use: LimitUse, sequence: UInt64) {
        self.set(entry, HoldEntry.actualTokens, UInt64(bitPattern: use.tokens))
        self.set(entry, HoldEntry.actualCost, UInt64(bitPattern: use.cost))
        self.set(entry, HoldEntry.sequence, sequence)
    }

    /// Nothing of it is held any more.
    func close(_ entry: Int) {
        self.uses[entry] &+= 1
        self.set(entry, HoldEntry.state, UInt64(self.uses[entry]))
        self.free.append(UInt32(entry))
        self.openCount -= 1
    }

    @inline(always)
    private func set(_ entry: Int, _ word: Int, _ value: UInt64) {
        self.mapping.setHold(self.place, entry, word, value)
    }

    // MARK: Reading

    func keyCount(_ entry: Int) -> Int { HoldReader(self.mapping, self.place, entry).keyCount }
    func held(_ entry: Int) -> LimitUse { HoldReader(self.mapping, self.place, entry).held }
    @inline(always)
    func key(_ entry: Int, _ index: Int) -> Key { HoldReader(self.mapping, self.place, entry).key(index) }
}
