public import Domain

/// Ends what dead processes hold: for the one process that knows how their requests ended. Lives on its loop.
///
/// The place of a dead process stays taken, and what it holds counts, until `recover` has counted what its requests have used. That is
/// one exchange for each slot, in which the place there is emptied too: it can be begun again at any point, by another process, and
/// counts once.
public final class LimitRecovery {
    /// Who has a place.
    public struct Owner: Hashable, Sendable {
        public var place: Int
        public var instance: UInt32
    }

    /// A request that holds something.
    public struct OpenHold: Hashable, Sendable {
        public var record: RecordID
        /// What it holds.
        public var held: LimitUse
        /// What it has used, where the process has begun to settle it.
        public var settled: LimitUse?
    }

    private let table: LimitTable
    private let store: SlotStore

    /// `table` is open for writing.
    public init(_ table: LimitTable) {
        self.table = table
        self.store = SlotStore(table.mapping)
    }

    /// All who have a place, living or dead.
    public func owners() -> [Owner] {
        (0..<self.table.shape.places).compactMap { place in
            let instance = self.table.mapping.owner(place)
            return instance == 0 ? nil : Owner(place: place, instance: instance)
        }
    }

    /// What the requests of an instance hold; of a dead one, as it was at its end.
    public func openHolds(of instance: UInt32) -> [OpenHold] {
        self.owners().filter { $0.instance == instance }.flatMap { owner in
            self.entries(of: owner.place).map { entry in
                OpenHold(
                    record: entry.record, held: entry.held, settled: entry.sequence == 0 ? nil : entry.actual)
            }
        }
    }

    /// Ends what a dead instance holds, and frees its place. `outcomes` says what its requests have used; one that is not among them
    /// has used what its process began to settle, or nothing. False where the instance has no place (any more).
    ///
    /// Throws where the table has no cell left to work with, or is being damaged; nothing is lost then, and it can be tried again.
    @discardableResult
    public func recover(
        _ instance: UInt32, outcomes: [RecordID: LimitUse], at time: LimitTime
    ) throws(LimitTableError) -> Bool {
        guard instance != 0 else { return false }
        let places = self.owners().filter { $0.instance == instance }.map(\.place)
        for place in places { try self.recover(place, instance, outcomes, WindowMoment(time.window)) }
        return !places.isEmpty
    }

    private func entries(of place: Int) -> [HoldReader] {
        let mapping = self.table.mapping
        let mark = mapping.header(TableLayout.Header.holdMarks + place)
        return (0..<Int(min(mark, UInt64(mapping.layout.holds)))).compactMap { entry in
            let reader = HoldReader(mapping, place, entry)
            return reader.isOpen ? reader : nil
        }
    }

    /// What is to be done in one slot: requests that hold something there.
    private struct Part {
        var key: HoldList.Key
        var use: LimitUse
        var sequence: UInt64
    }

    private func recover(
        _ place: Int, _ instance: UInt32, _ outcomes: [RecordID: LimitUse], _ moment: WindowMoment
    ) throws(LimitTableError) {
        guard self.store.prepare() else { throw .table(path: self.table.path, .full) }
        var parts: [Int: [Part]] = [:]
        for entry in self.entries(of: place) {
            let use = outcomes[entry.record] ?? (entry.sequence == 0 ? LimitUse() : entry.actual)
            for index in 0..<entry.keyCount {
                let key = entry.key(index)
                parts[key.slot, default: []].append(Part(key: key, use: use, sequence: entry.sequence))
            }
        }
        #if SLUICE_TEST_HOOKS
        if TableFault.current == .slot, let first = parts.keys.min() { parts = [first: parts[first] ?? []] }
        #endif
        for (slot, parts) in parts { try self.recover(slot, parts, place, instance, moment) }
        let mapping = self.table.mapping
        let mark = mapping.header(TableLayout.Header.holdMarks + place)
        for entry in 0..<Int(min(mark, UInt64(mapping.layout.holds))) {
            mapping.setHold(place, entry, HoldEntry.state, 0)
        }
        mapping.setHeader(TableLayout.Header.holdMarks + place, 0)
        _ = mapping.exchangeHeader(TableLayout.Header.owners + place, UInt64(instance), 0)
    }

    private func recover(
        _ index: Int, _ parts: [Part], _ place: Int, _ instance: UInt32, _ moment: WindowMoment
    ) throws(LimitTableError) {
        let image = self.store.image(0)
        for _ in 0..<SlotStore.tries {
            let slot = SlotStore.Slot(index: index, word: self.table.mapping.slot(index))
            // Whichever key the slot is of: the place in it says whether anything is left to be done.
            guard slot.word.isEstablished, self.table.mapping.read(cell: slot.word.cell, into: image) else { return }
            guard image.instance(at: place) == instance else {
                if self.store.isUnchanged(slot) { return }
                continue
            }
            #if SLUICE_TEST_HOOKS
            let applied = TableFault.current == .sequence ? 0 : image.sequence(at: place)
            #else
            let applied = image.sequence(at: place)
            #endif
            for part in parts where image.isOf(part.key.key) {
                // The one settle that the process was at when it died may have come this far.
                if part.sequence != 0, part.sequence == applied { continue }
                image.use(part.use, moment, part.key.periods)
            }
            image.clear(place: place)
            if self.store.swap(slot, image) { return }
        }
        throw .table(path: self.table.path, .damaged)
    }
}
