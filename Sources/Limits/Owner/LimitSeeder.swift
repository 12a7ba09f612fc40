public import Domain

/// Fills a table that nobody uses yet with what was used before. Lives on its loop.
public final class LimitSeeder {
    private let table: LimitTable
    private let store: SlotStore

    /// `table` was made by `LimitTable.create` and is not published.
    public init(_ table: LimitTable) {
        self.table = table
        self.store = SlotStore(table.mapping)
    }

    /// Sets what a key begins with. `periods` are those of now in its time zone; `window` is the table's time for which the windows of
    /// the seed were counted.
    ///
    /// Throws where the table has no room for it.
    public func seed(
        _ key: LimitKey, _ scope: LimitScope, _ seed: LimitSeed, periods: CalendarPeriods, window: UInt64
    ) throws(LimitTableError) {
        let moment = WindowMoment(window)
        let image = self.store.image(0)
        guard self.store.prepare() else { throw .table(path: self.table.path, .full) }
        for _ in 0..<SlotStore.tries {
            guard let slot = self.store.open(key, scope, into: image, moment, periods) else {
                throw .table(path: self.table.path, .full)
            }
            image.reset(key, scope)
            image.lay(seed, moment, periods)
            if self.store.swap(slot, image) { return }
        }
        throw .table(path: self.table.path, .damaged)
    }
}

extension SlotImage {
    /// Puts what a seed says into an empty image.
    fileprivate func lay(_ seed: LimitSeed, _ moment: WindowMoment, _ periods: CalendarPeriods) {
        func window(_ seed: LimitSeed.Window, _ place: WindowMoment.Place) -> SlidingWindow {
            SlidingWindow(index: place.index, current: max(0, seed.current), previous: max(0, seed.previous))
        }
        func recent(_ seed: LimitSeed.Budget, _ id: UInt32) -> RecentPeriods {
            RecentPeriods(
                first: .init(id: id, tokens: max(0, seed.current.tokens), cost: max(0, seed.current.cost)),
                second: .init(
                    id: id &- 1, tokens: max(0, seed.previous.tokens), cost: max(0, seed.previous.cost)),
                third: .init(id: 0, tokens: 0, cost: 0))
        }
        self.touch(moment.now)
        self.setRequests(Word.requestsMinute, window(seed.requestsPerMinute, moment.minute))
        self.setRequests(Word.requestsHour, window(seed.requestsPerHour, moment.hour))
        self.setRequests(Word.requestsDay, window(seed.requestsPerDay, moment.day))
        self.setTokens(Word.tokensMinute, window(seed.tokensPerMinute, moment.minute))
        self.setTokens(Word.tokensDay, window(seed.tokensPerDay, moment.day))
        self.setPeriods(Word.day, recent(seed.day, periods.day))
        self.setPeriods(Word.week, recent(seed.week, periods.week))
        self.setPeriods(Word.month, recent(seed.month, periods.month))
        self[Word.totalTokens] = UInt64(bitPattern: max(0, seed.total.tokens))
        self[Word.totalCost] = UInt64(bitPattern: max(0, seed.total.cost))
    }
}
