import Domain
import Limits

extension LimitSeed {
    /// Adds what another has, counted at the same moment.
    mutating func add(_ other: LimitSeed) {
        self.requestsPerMinute.add(other.requestsPerMinute)
        self.requestsPerHour.add(other.requestsPerHour)
        self.requestsPerDay.add(other.requestsPerDay)
        self.tokensPerMinute.add(other.tokensPerMinute)
        self.tokensPerDay.add(other.tokensPerDay)
        self.day.add(other.day)
        self.week.add(other.week)
        self.month.add(other.month)
        self.total.add(other.total)
    }
}

extension LimitSeed.Window {
    /// Counts at a time that is not after `now`; what lies before the last window is forgotten.
    mutating func add(_ count: Int64, at time: UInt64, now: UInt64, length: UInt64) {
        switch now / length - time / length {
        case 0: self.current = self.current.addingClamped(count)
        case 1: self.previous = self.previous.addingClamped(count)
        default: break
        }
    }

    fileprivate mutating func add(_ other: Self) {
        self.current = self.current.addingClamped(other.current)
        self.previous = self.previous.addingClamped(other.previous)
    }
}

extension LimitSeed.Budget {
    /// Counts in a period; what is neither of `now` nor of the one before is forgotten.
    mutating func add(_ use: LimitUse, in period: UInt32, now: UInt32) {
        switch now &- period {
        case 0: self.current.add(use)
        case 1: self.previous.add(use)
        default: break
        }
    }

    fileprivate mutating func add(_ other: Self) {
        self.current.add(other.current)
        self.previous.add(other.previous)
    }
}

extension LimitUse {
    mutating func add(_ other: LimitUse) {
        self.tokens = self.tokens.addingClamped(other.tokens)
        self.cost = self.cost.addingClamped(other.cost)
    }
}
