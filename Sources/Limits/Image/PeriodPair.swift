/// What was used in two calendar periods of a kind: the one used last, and another one.
///
/// A period that is neither replaces the other one. So a wall clock that jumps away and back finds what it has left, and no period's
/// spend counts in any other period.
struct PeriodPair: Hashable {
    struct Period: Hashable {
        var id: UInt32
        var tokens: Int64
        var cost: Int64
    }

    var first: Period
    var other: Period

    /// What was used in period `id`.
    @inline(__always)
    func used(_ id: UInt32) -> Period {
        if self.first.id == id { return self.first }
        return self.other.id == id ? self.other : Period(id: id, tokens: 0, cost: 0)
    }

    /// Counts in period `id`, which is the first one from then on.
    @inline(__always)
    mutating func add(_ id: UInt32, tokens: Int64, cost: Int64) {
        if self.first.id != id {
            let period = self.used(id)
            self.other = self.first
            self.first = period
        }
        self.first.tokens = Amount.sum(self.first.tokens, tokens)
        self.first.cost = Amount.sum(self.first.cost, cost)
    }

    /// Whether one of them has been used and is `id`, the one before, or one to come: its budget is not over, as far as anybody can
    /// tell whose time zone is another one.
    func isCurrent(_ id: UInt32) -> Bool {
        for period in [self.first, self.other] where period.tokens != 0 || period.cost != 0 {
            if UInt64(period.id) + 1 >= UInt64(id) { return true }
        }
        return false
    }
}
