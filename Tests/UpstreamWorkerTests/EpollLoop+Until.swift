import Platform

extension EpollLoop {
    /// Turns until the condition holds; false when it does not within so many seconds. `pause`: the longest wait of a turn, in
    /// nanoseconds.
    func turn(until condition: () -> Bool, within seconds: UInt64, pause: UInt64) throws -> Bool {
        let end = Clocks.monotonicNanoseconds() + seconds * 1_000_000_000
        while !condition() {
            guard Clocks.monotonicNanoseconds() < end else { return false }
            try self.turn(waitingAtMost: pause)
        }
        return true
    }

    /// Turns until nothing is left to do at once.
    func settle() throws {
        for _ in 0..<50 { try self.turn(waitingAtMost: 1_000_000) }
    }
}
