/// How long to wait before a process is started again: 0.1 s, doubling to 30 s while the processes in the seat do not last.
struct RestartThrottle: Hashable, Sendable {
    /// Milliseconds.
    static let first: UInt64 = 100
    static let longest: UInt64 = 30_000
    /// A process that lives this long after READY (ms) has lasted.
    static let lasting: UInt64 = 10_000

    var next = RestartThrottle.first

    /// The wait in milliseconds after a process that was READY for `readyFor` (nil: never was).
    mutating func delay(readyFor: UInt64?) -> UInt64 {
        if let readyFor, readyFor >= Self.lasting { self.next = Self.first }
        defer { self.next = min(self.next * 2, Self.longest) }
        return self.next
    }

    /// The wait after a process that said it cannot start: the longest, as only a person can change that.
    mutating func delayAfterRefusal() -> UInt64 {
        self.next = Self.longest
        return Self.longest
    }
}
