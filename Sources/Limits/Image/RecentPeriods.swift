/// What was used in the three calendar periods of a kind that were used last, the last one first.
///
/// A period that is none of them replaces the one that was not used for longest. So a wall clock that jumps finds what it has left
/// when it is back, after a second jump to yet another period too; and no period's spend counts in any other period.
struct RecentPeriods: Hashable {
    struct Period: Hashable {
        var id: UInt32
        var tokens: Int64
        var cost: Int64
    }

    /// Ids are told apart by so many bits: days until the year 4840.
    static let idBits: UInt64 = 0xF_FFFF

    var first: Period
    var second: Period
    var third: Period

    /// What was used in period `id`.
    @inline(always)
    func used(_ id: UInt32) -> Period {
        let id = id & UInt32(Self.idBits)
        if self.first.id == id { return self.first }
        if self.second.id == id { return self.second }
        return self.third.id == id ? self.third : Period(id: id, tokens: 0, cost: 0)
    }

    /// Counts in period `id`, which is the first one from then on.
    @inline(always)
    mutating func add(_ id: UInt32, tokens: Int64, cost: Int64) {
        let id = id & UInt32(Self.idBits)
        if self.first.id != id {
            let period = self.used(id)
            if self.second.id != id { self.third = self.second }
            self.second = self.first
            self.first = period
        }
        self.first.tokens = Amount.sum(self.first.tokens, tokens)
        self.first.cost = Amount.sum(self.first.cost, cost)
    }

    /// Whether one of them has been used and is `id`, the one before, or one to come: its budget is not over, as far as anybody can
    /// tell whose time zone is another one.
    func isCurrent(_ id: UInt32) -> Bool {
        for period in [self.first, self.second, self.third] where period.tokens != 0 || period.cost != 0 {
            if UInt64(period.id) + 1 >= UInt64(id) { return true }
        }
        return false
    }
}
