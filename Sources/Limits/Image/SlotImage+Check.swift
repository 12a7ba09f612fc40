import Domain

extension SlotImage {
    /// Adds how each limit of an entry stands in this slot, in the order of their kinds.
    func check(
        _ entry: borrowing LimitDemand.Entry, _ moment: WindowMoment, into limits: inout [CheckedLimit]
    ) {
        var mask = entry.limits.mask
        let held = self.held
        while mask != 0 {
            let bit = UInt8(truncatingIfNeeded: mask.trailingZeroBitCount)
            mask &= mask &- 1
            guard let kind = LimitKind(rawValue: bit), let limit = entry.limits[kind], limit != LimitSet.unlimited
            else { continue }
            let (used, held) = self.use(kind, held, moment, entry.periods)
            var reset: UInt32?
            if used > 0, let (window, place) = self.window(kind, moment) {
                let wait = window.untilEmpty(place)
                reset = UInt32(clamping: wait / 1000 + (wait % 1000 > 0 ? 1 : 0))
            }
            limits.append(
                CheckedLimit(scope: entry.scope, kind: kind, limit: limit, used: used, held: held, reset: reset))
        }
    }
}
