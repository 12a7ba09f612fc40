/// What was counted in this window and the one before. What counts is this one and the part of the one before that is not yet a
/// window's length ago, as if it had come evenly.
struct SlidingWindow: Hashable {
    /// An index so far ahead is damage: no process has a clock that is late by a month.
    private static let tolerance: UInt64 = 30 * WindowMoment.day

    var index: UInt64
    var current: Int64
    var previous: Int64

    /// Goes on to the window of `place`. Never back: to a process whose time is older the window stays the one that it is.
    @inline(always)
    mutating func roll(to place: WindowMoment.Place) {
        guard self.index != place.index else { return }
        if self.index > place.index {
            if self.index - place.index <= max(2, Self.tolerance / place.length) { return }
            self.current = 0
        }
        self.previous = self.index &+ 1 == place.index ? self.current : 0
        self.current = 0
        self.index = place.index
    }

    /// Milliseconds until the stored window ends. All of it where the time is older than the window.
    @inline(always)
    private func rest(_ place: WindowMoment.Place) -> UInt64 {
        self.index == place.index ? place.rest : place.length
    }

    /// What counts now; rolled to `place`.
    @inline(always)
    func used(_ place: WindowMoment.Place) -> Int64 {
        if self.previous == 0 { return self.current }
        return Amount.sum(self.current, Amount.share(self.previous, self.rest(place), of: place.length))
    }

    /// Whether `amount` more would be more than `limit`; rolled to `place`.
    @inline(always)
    func isBroken(_ limit: Int64, by amount: Int64, _ place: WindowMoment.Place) -> Bool {
        // Not even if all of the window before counted: as a rule, and without a division.
        if Amount.sum(Amount.sum(self.current, self.previous), amount) <= limit { return false }
        return Amount.sum(self.used(place), amount) > limit
    }

    /// Milliseconds until nothing counts any more, if nothing else is counted; rolled to `place`.
    @inline(always)
    func untilEmpty(_ place: WindowMoment.Place) -> UInt64 {
        if self.current > 0 { return self.rest(place) + place.length }
        return self.previous > 0 ? self.rest(place) : 0
    }

    /// Milliseconds until no more than `room` counts, if nothing else is counted; nil for a room below 0.
    func wait(for room: Int64, _ place: WindowMoment.Place) -> UInt64? {
        guard room >= 0 else { return nil }
        if self.used(place) <= room { return 0 }
        let rest = self.rest(place)
        if self.current <= room {
            let left = Amount.part(room - self.current, of: place.length, for: self.previous)
            return rest > left ? rest - left : 0
        }
        // Not in this window. In the next one, this one is the one before.
        return rest + (place.length - Amount.part(room, of: place.length, for: self.current))
    }

    /// Takes back what was counted when the window was that of `index`.
    mutating func take(_ amount: Int64, countedIn index: UInt64) {
        if self.index == index {
            self.current = Amount.rest(self.current, amount)
        } else if self.index == index &+ 1 {
            self.previous = Amount.rest(self.previous, amount)
        }
    }
}
