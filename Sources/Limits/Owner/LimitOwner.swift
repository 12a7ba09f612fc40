import Domain

/// One process at a limit table: it decides, holds and settles.
///
/// Owns a place of the table from `join` to `leave`, the place's list of holds, and its spare cells. Lives on one loop. Each request
/// is settled once; a process that ends without `leave` is recovered by `LimitRecovery`.
///
/// A decision reads and checks all slots, then changes them one by one, each in one exchange. Where another process was faster the slot
/// is read and checked again, and a refusal on the way undoes the ones before: never one over a limit, and a false refusal only where two
/// limits are at their very end at the same time.
public final class LimitOwner: LimitLedger {
    /// The table.
    public let table: LimitTable
    /// The process's instance while it has a place.
    public internal(set) var instance: UInt32 = 0
    let store: SlotStore
    var holds: HoldList?
    /// Counts settles.
    var sequence: UInt64 = 0
    /// The slots of the decision that is being made.
    var slots = InlineArray<8, SlotStore.Slot>(repeating: .init(index: 0, word: SlotWord(raw: 0)))

    /// `table` is open for writing.
    public init(_ table: LimitTable) {
        self.table = table
        self.store = SlotStore(table.mapping)
    }

    /// Takes a place, for a process whose instance is `instance`: not 0, and never used before. Returns the place; nil where none is
    /// free now, or the table has no cell left to work with.
    public func join(_ instance: UInt32) -> Int? {
        guard self.holds == nil, instance != 0, self.store.prepare() else { return nil }
        for place in 0..<self.table.shape.places {
            guard self.table.mapping.exchangeHeader(TableLayout.Header.owners + place, 0, UInt64(instance)) else {
                continue
            }
            self.instance = instance
            self.sequence = 0
            self.holds = HoldList(self.table.mapping, place: place)
            return place
        }
        return nil
    }

    /// Gives the place back; false where something is held still, which is then for the recovery.
    @discardableResult
    public func leave() -> Bool {
        guard let holds = self.holds else { return true }
        guard holds.openCount == 0 else { return false }
        let isFree = self.table.mapping.exchangeHeader(
            TableLayout.Header.owners + holds.place, UInt64(self.instance), 0)
        self.holds = nil
        self.instance = 0
        return isFree
    }

    /// The process's place while it has one.
    public var place: Int? { self.holds?.place }

    /// How many requests hold something.
    public var openHolds: Int { self.holds?.openCount ?? 0 }

    public func windowTime() -> UInt64 { self.table.windowTime() }

    public func count(_ entry: LimitDemand.Entry, at time: LimitTime) -> LimitRefusal? {
        let moment = WindowMoment(time.window)
        let want = SlotImage.Want(requests: 1, tokens: 0, cost: 0, isOneMore: false)
        let image = self.store.image(0)
        let entries = InlineArray<1, LimitDemand.Entry>(repeating: entry)
        for _ in 0..<SlotStore.tries {
            guard let slot = self.store.open(entry.key, entry.scope, into: image, moment, entry.periods) else {
                return nil
            }
            let refusal = image.refusal(entries.span, 0, want, moment)
            image.count(1, moment)
            if self.store.swap(slot, image) { return refusal }
        }
        return nil
    }
}
