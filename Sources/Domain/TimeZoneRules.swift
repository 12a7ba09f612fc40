/// A time zone as integers: when its offset from UTC changes. Made by control, so that no process on the way of a request
/// knows time zones.
public struct TimeZoneRules: Hashable, Sendable {
    public struct Transition: Hashable, Sendable {
        /// Seconds since 1970 from which on the offset holds.
        public var at: Int64
        /// Seconds east of UTC.
        public var offset: Int32

        public init(at: Int64, offset: Int32) {
            self.at = at
            self.offset = offset
        }
    }

    /// The IANA name, such as `Europe/Berlin`.
    public var name: String
    /// Seconds east of UTC before the first transition.
    public var initialOffset: Int32
    /// Ascending; at most `maximumTransitions`.
    public var transitions: [Transition]

    public static let maximumTransitions = 256

    public init(name: String, initialOffset: Int32 = 0, transitions: [Transition] = []) {
        self.name = name
        self.initialOffset = initialOffset
        self.transitions = transitions
    }

    public static let utc = TimeZoneRules(name: "UTC")

    /// Seconds east of UTC at `time`, in seconds since 1970.
    public func offset(at time: Int64) -> Int64 {
        let next = self.firstTransition(after: time)
        return Int64(next == 0 ? self.initialOffset : self.transitions[next - 1].offset)
    }

    /// The times around `time` at which the offset is that of `time`.
    public func stretch(around time: Int64) -> Range<Int64> {
        let next = self.firstTransition(after: time)
        let from = next == 0 ? Int64.min : self.transitions[next - 1].at
        return from..<max(from, next < self.transitions.count ? self.transitions[next].at : .max)
    }

    /// The index of the first transition after `time`; the count where there is none.
    func firstTransition(after time: Int64) -> Int {
        var (low, high) = (0, self.transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if self.transitions[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
