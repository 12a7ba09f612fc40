/// How long to wait before a process is started again: 0.1 s, doubling while the processes in the seat do not last. Up to 1 s where
/// the last one has served, however often that ends: it may be all that there is of its role. Up to 30 s where it did not get so far.
struct RestartThrottle: Hashable, Sendable {
    /// Milliseconds.
    static let first: UInt64 = 100
    static let longest: UInt64 = 30_000
    /// After a process that has served: it was READY for a second.
    static let longestAfterServing: UInt64 = 1000
    static let serving: UInt64 = 1000
    /// A process that lives this long after READY (ms) has lasted.
    static let lasting: UInt64 = 10_000

    var next = RestartThrottle.first

    /// The wait in milliseconds after a process that was READY for `readyFor` (nil: never was).
    mutating func delay(readyFor: UInt64?) -> UInt64 {
        let readyFor = readyFor ?? 0
        if readyFor >= Self.lasting { self.next = Self.first }
        let longest = readyFor >= Self.serving ? Self.longestAfterServing : Self.longest
        let delay = min(self.next, longest)
        self.next = min(delay * 2, longest)
        return delay
    }

    /// The wait after a process that said it cannot start: the longest, as only a person can change that.
    mutating func delayAfterRefusal() -> UInt64 {
        self.next = Self.longest
        return Self.longest
    }
}
