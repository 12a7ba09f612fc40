import Domain
import Platform

/// The slots of a table as one process reads and changes them: keys are looked up, images copied, changed and swapped.
///
/// Owns this process's spare cells, and memory for the images it works with. Lives on one loop. A cell is either in one slot, or a
/// spare of one process: a swap makes the slot's cell ours and our spare the slot's. What a killed process had as spares is lost until
/// the table is made anew.
// SAFETY: `memory` is allocated in `init` for `imageCount` images of the table's size and freed in `deinit`; `image` bounds its
// index.
@safe final class SlotStore {
    /// A slot, and its word when it was read.
    struct Slot {
        var index: Int
        var word: SlotWord
    }

    /// How many slots a key can be in.
    static let chain = 64
    /// Images that a decision works with: one for each key, one to undo with, one of the store's own.
    static let imageCount = LimitDemand.maximumEntries + 2
    static let undoImage = LimitDemand.maximumEntries
    /// How often something is tried again that another process has overtaken. Somebody goes on each time, so this is never reached
    /// but in a table that is being damaged.
    static let tries = 1 << 20

    let mapping: TableMapping
    private var spares: [UInt32] = []
    private let memory: UnsafeMutablePointer<UInt64>
    private let stride: Int

    init(_ mapping: TableMapping) {
        self.mapping = mapping
        self.stride = mapping.layout.cellWords
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.imageCount * self.stride * 8, alignment: 64)
        unsafe self.memory = memory.bindMemory(to: UInt64.self, capacity: Self.imageCount * self.stride)
        unsafe self.memory.initialize(repeating: 0, count: Self.imageCount * self.stride)
        self.spares.reserveCapacity(8)
    }

    deinit {
        unsafe self.memory.deallocate()
    }

    @inline(always)
    func image(_ index: Int) -> SlotImage {
        let index = min(max(0, index), Self.imageCount - 1)
        return unsafe SlotImage(words: self.memory + index * self.stride, places: self.mapping.layout.places)
    }

    private var scratch: SlotImage { self.image(Self.imageCount - 1) }

    // MARK: Spares

    /// Makes sure that there is a cell to work with; false where the table has none.
    func prepare() -> Bool {
        if self.spares.isEmpty, let cell = self.mapping.takeCell() { self.spares.append(cell) }
        return !self.spares.isEmpty
    }

    /// A cell for a new key; one stays to work with.
    private func takeSpare() -> UInt32? {
        if self.spares.count > 1 { return self.spares.removeLast() }
        return self.mapping.takeCell()
    }

    private func keep(_ cell: UInt32) {
        if cell != 0 { self.spares.append(cell) }
    }

    // MARK: Looking up

    /// Which slots a key can be in, in the order they are tried, and what its word looks like.
    ///
    /// Eight groups of eight, each group one line of the processor's cache: chains of different keys part after a group, so that keys
    /// find slots until the table is nearly full.
    struct Probe {
        let fingerprint: UInt8
        private let lower: Int
        private let groups: Int
        private let group: Int
        private let step: Int
        private let offset: Int

        @inline(always)
        init(_ key: LimitKey, _ scope: LimitScope, _ mapping: TableMapping) {
            // The seed is the host's, so that nobody outside can choose addresses that share a chain.
            var hash = key.high ^ mapping.seed ^ (key.low &* 0x9E37_79B9_7F4A_7C15)
            hash ^= hash >> 32
            hash &*= 0xD6E8_FEB8_6659_FD93
            hash ^= hash >> 32
            hash &*= 0xD6E8_FEB8_6659_FD93
            hash ^= hash >> 32
            let area = mapping.layout.area(scope)
            self.lower = (area.lowerBound + 7) & ~7
            self.groups = max(1, (area.upperBound - self.lower) / 8)
            self.group = Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(self.groups)).high)
            self.step = Int(truncatingIfNeeded: hash >> 10 & 0xF_FFFF) | 1
            self.offset = Int(truncatingIfNeeded: hash >> 7 & 7)
            self.fingerprint = UInt8(truncatingIfNeeded: hash) & 0x7F
        }

        /// The slot that is tried after `number` others.
        @inline(always)
        func slot(_ number: Int) -> Int {
            let group = number < 8 ? self.group : (self.group + (number >> 3) * self.step) % self.groups
            return self.lower + group * 8 + ((self.offset + number) & 7)
        }
    }

    /// The slot of a key, if it has one that counts.
    @inline(always)
    func find(_ key: LimitKey, _ probe: Probe) -> Slot? {
        for number in 0..<Self.chain {
            let index = probe.slot(number)
            var word = self.mapping.slot(index)
            if word.isEmpty { return nil }
            if word.fingerprint == probe.fingerprint, self.has(key, index, &word), word.isEstablished {
                return Slot(index: index, word: word)
            }
        }
        return nil
    }

    /// Whether a slot is the key's, pending or not; `word` becomes the word for which that holds.
    @inline(always)
    private func has(_ key: LimitKey, _ index: Int, _ word: inout SlotWord) -> Bool {
        let fingerprint = word.fingerprint
        for _ in 0..<Self.tries {
            guard let found = self.mapping.key(cell: word.cell) else { return false }
            // A cell that is being written to again is found out when its image is used.
            if found.high == key.high, found.low == key.low { return true }
            self.mapping.fence()
            let again = self.mapping.slot(index)
            if again == word || again.fingerprint != fingerprint { return false }
            word = again
        }
        return false
    }

    /// Copies a slot's image without what dead owners have left in it; false where the slot is not the key's (any more). The copy may
    /// be torn unless `isUnchanged` says that it is not, or the swap succeeds.
    @inline(always)
    func read(_ slot: Slot, _ key: LimitKey, into image: SlotImage) -> Bool {
        guard slot.word.isEstablished, self.mapping.read(cell: slot.word.cell, into: image), image.isOf(key) else {
            return false
        }
        // Who owns a place is asked after the image is read: what an owner holds is there only after he has come.
        self.mapping.fence()
        image.clearLeaks { self.mapping.owner($0) }
        return true
    }

    /// Whether nobody has changed the slot since its word was read: what was copied then is what it holds now.
    @inline(always)
    func isUnchanged(_ slot: Slot) -> Bool {
        self.mapping.fence()
        return self.mapping.slot(slot.index) == slot.word
    }

    /// Copies the image of a key, which is entered where it is not there. Nil where the table has no room for it.
    @inline(always)
    func open(
        _ key: LimitKey, _ scope: LimitScope, into image: SlotImage, _ moment: WindowMoment, _ periods: CalendarPeriods
    ) -> Slot? {
        let probe = Probe(key, scope, self.mapping)
        for _ in 0..<Self.tries {
            guard let slot = self.find(key, probe) ?? self.insert(key, scope, probe, moment, periods) else {
                return nil
            }
            if self.read(slot, key, into: image) { return slot }
        }
        return nil
    }

    /// The same for a key whose slot was known a moment ago.
    @inline(always)
    func open(
        at index: Int, _ key: LimitKey, _ scope: LimitScope, into image: SlotImage, _ moment: WindowMoment,
        _ periods: CalendarPeriods
    ) -> Slot? {
        let slot = Slot(index: index, word: self.mapping.slot(index))
        if self.read(slot, key, into: image) { return slot }
        return self.open(key, scope, into: image, moment, periods)
    }

    /// Puts the image in the place of what the slot held when its word was read; false where somebody else was faster.
    @inline(always)
    func swap(_ slot: Slot, _ image: SlotImage) -> Bool {
        guard let spare = self.spares.last, self.mapping.write(image, cell: spare),
            self.mapping.exchangeSlot(slot.index, slot.word, slot.word.with(cell: spare))
        else { return false }
        self.spares[self.spares.count - 1] = slot.word.cell
        return true
    }

    // MARK: Entering a key

    private enum Candidate {
        case found(Slot)
        /// A slot that is free, or whose image nobody misses.
        case free(Slot)
        case none
    }

    /// Enters a key: first as pending, so that of two processes that enter it at the same time in two slots one gives way. Each that
    /// is pending turns the others that are into tombstones before it counts, and gives way to one that counts.
    @inline(never)
    private func insert(
        _ key: LimitKey, _ scope: LimitScope, _ probe: Probe, _ moment: WindowMoment, _ periods: CalendarPeriods
    ) -> Slot? {
        guard self.mapping.isWritable else { return nil }
        for _ in 0..<Self.tries {
            let free: Slot
            switch self.candidate(key, scope, probe, moment, periods) {
            case .found(let slot): return slot
            case .free(let slot): free = slot
            case .none: return nil
            }
            guard let cell = self.takeSpare() else { return nil }
            let scratch = self.scratch
            scratch.reset(key, scope)
            let mine = Slot(
                index: free.index, word: free.word.pending(fingerprint: probe.fingerprint, cell: cell))
            guard self.mapping.write(scratch, cell: cell),
                self.mapping.exchangeSlot(free.index, free.word, mine.word)
            else {
                self.keep(cell)
                continue
            }
            self.keep(free.word.cell)
            if let winner = self.dispute(key, probe, mine) {
                _ = self.mapping.exchangeSlot(mine.index, mine.word, mine.word.tombstone)
                self.keep(cell)
                return winner
            }
            let established = mine.word.with(cell: cell)
            if self.mapping.exchangeSlot(mine.index, mine.word, established) {
                return Slot(index: mine.index, word: established)
            }
            self.keep(cell)
        }
        return nil
    }

    /// The slot of the key that counts already, if there is one; turns others that are pending into tombstones.
    private func dispute(_ key: LimitKey, _ probe: Probe, _ mine: Slot) -> Slot? {
        for number in 0..<Self.chain {
            let index = probe.slot(number)
            if index == mine.index { continue }
            for _ in 0..<Self.tries {
                var word = self.mapping.slot(index)
                if word.isEmpty { return nil }
                guard word.fingerprint == probe.fingerprint, self.has(key, index, &word) else { break }
                if word.isEstablished { return Slot(index: index, word: word) }
                // Its cell stays its owner's, who finds out.
                if self.mapping.exchangeSlot(index, word, word.tombstone) { break }
            }
        }
        return nil
    }

    private func candidate(
        _ key: LimitKey, _ scope: LimitScope, _ probe: Probe, _ moment: WindowMoment, _ periods: CalendarPeriods
    ) -> Candidate {
        if let slot = self.find(key, probe) { return .found(slot) }
        for number in 0..<Self.chain {
            let index = probe.slot(number)
            let word = self.mapping.slot(index)
            if word.isEmpty || word.isTombstone { return .free(Slot(index: index, word: word)) }
        }
        // No slot is free. One that is as if it were new, or of addresses the one not used for longest.
        var oldest: (slot: Slot, use: UInt64)?
        let image = self.scratch
        for number in 0..<Self.chain {
            let index = probe.slot(number)
            let slot = Slot(index: index, word: self.mapping.slot(index))
            guard slot.word.isEstablished, self.mapping.read(cell: slot.word.cell, into: image) else { continue }
            self.mapping.fence()
            image.clearLeaks { self.mapping.owner($0) }
            guard self.isUnchanged(slot) else { continue }
            if image.isIdle(moment, periods) { return .free(slot) }
            if scope.isByAddress, image.held.isNothing, image.lastUse < oldest?.use ?? .max {
                oldest = (slot, image.lastUse)
            }
        }
        return oldest.map { .free($0.slot) } ?? .none
    }
}

extension LimitScope {
    /// Whether it is one of those that anybody can fill, which have slots of their own.
    var isByAddress: Bool {
        switch self {
        case .address, .anonymous, .wrongKeys: true
        default: false
        }
    }
}
