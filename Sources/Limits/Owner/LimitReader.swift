public import Domain

/// Looks at a table, for operators; changes nothing. Lives on one loop.
public final class LimitReader {
    private let table: LimitTable
    private let store: SlotStore

    /// `table` may be open for reading only.
    public init(_ table: LimitTable) {
        self.table = table
        self.store = SlotStore(table.mapping)
    }

    /// How a key stands against `limits`: every window and budget, limited or not. Nil where nothing was counted for it. `periods` are
    /// those of now in its time zone, `window` the table's time.
    public func report(
        _ key: LimitKey, _ scope: LimitScope, limits: LimitSet, periods: CalendarPeriods, window: UInt64
    ) -> LimitReport? {
        let probe = SlotStore.Probe(key, scope, self.table.mapping)
        let image = self.store.image(0)
        for _ in 0..<SlotStore.tries {
            guard let slot = self.store.find(key, probe) else { return nil }
            guard self.store.read(slot, key, into: image), self.store.isUnchanged(slot) else { continue }
            return Self.report(image, limits, periods, WindowMoment(window))
        }
        return nil
    }

    private static func report(
        _ image: SlotImage, _ limits: LimitSet, _ periods: CalendarPeriods, _ moment: WindowMoment
    ) -> LimitReport {
        let held = image.held
        let lines = LimitKind.allCases.map { kind in
            let (used, held) = image.use(kind, held, moment, periods)
            let limit = limits[kind].flatMap { $0 == LimitSet.unlimited ? nil : $0 }
            return LimitReport.Line(
                kind: kind, used: used, held: held, limit: limit,
                remaining: limit.map { Amount.rest($0, Amount.sum(used, held)) },
                reset: image.window(kind, moment).map { $0.window.untilEmpty($0.place) })
        }
        return LimitReport(lines: lines, lastUse: image.lastUse)
    }

    /// How full the table is. Reads every slot's word: some milliseconds for a million.
    public func room() -> LimitTableRoom {
        let mapping = self.table.mapping
        let layout = mapping.layout
        func used(_ slots: Range<Int>) -> Int {
            slots.reduce(0) { $0 + (mapping.slot($1).cell == 0 ? 0 : 1) }
        }
        let next = mapping.header(TableLayout.Header.nextCell)
        return LimitTableRoom(
            slots: layout.slots - layout.addressSlots, usedSlots: used(layout.addressSlots..<layout.slots),
            addressSlots: layout.addressSlots, usedAddressSlots: used(0..<layout.addressSlots),
            freeCells: max(0, layout.cells - Int(min(next, UInt64(layout.cells)))), places: layout.places,
            usedPlaces: (0..<layout.places).count { mapping.owner($0) != 0 }, bytes: mapping.allocatedBytes)
    }
}
