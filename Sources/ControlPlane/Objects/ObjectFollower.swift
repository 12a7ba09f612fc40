import Administration
import Platform

/// Sees to it that what the database says of objects comes into force, and has answers wait for that.
///
/// Lives on control's loop. A change that was refused is asked for again after a while.
final class ObjectFollower {
    /// Nanoseconds an answer waits for its change.
    static let patience: UInt64 = 1_000_000_000
    /// Nanoseconds until something that did not come is asked for again.
    static let pause: UInt64 = 10_000_000_000

    private let loop: EpollLoop
    private let refresh: () -> Void
    /// `objects_seq` of what is in force.
    private(set) var inForce: Int64
    /// The number that was asked for last and has not come, and when that was.
    private var asked: (number: Int64, at: UInt64)?
    private var waiting: [UInt64: (number: Int64, timer: LoopTimer, then: (Bool) -> Void)] = [:]
    private var lastWaiter: UInt64 = 0

    /// `refresh` asks the supervisor for a new version.
    init(loop: EpollLoop, inForce: Int64, refresh: @escaping () -> Void) {
        self.loop = loop
        self.inForce = inForce
        self.refresh = refresh
    }

    /// The database's number, as it was found by looking.
    func found(_ number: Int64) {
        let now = Clocks.monotonicNanoseconds()
        guard number != self.inForce else { return }
        if let asked, asked.number == number, now &- asked.at < Self.pause { return }
        self.asked = (number, now)
        self.refresh()
    }

    /// `then` is called with true once the change of that number, or a later one, is in force; with false where it takes too long or is
    /// refused.
    func wait(for number: Int64, then: @escaping (Bool) -> Void) {
        guard self.inForce < number else { return then(true) }
        self.lastWaiter &+= 1
        let waiter = self.lastWaiter
        let timer = self.loop.schedule(after: Self.patience) { [weak self] in
            self?.waiting.removeValue(forKey: waiter)?.then(false)
        }
        self.waiting[waiter] = (number, timer, then)
        self.found(number)
    }

    /// Something was asked for that has not come.
    var isBehind: Bool { self.asked != nil }

    /// A configuration with the objects of that number is in force.
    func isInForce(_ number: Int64) {
        self.inForce = number
        if let asked = self.asked, asked.number <= number { self.asked = nil }
        self.finish(true) { $0 <= number }
    }

    /// The configuration was refused: nothing of what waits comes into force.
    func refused() { self.finish(false) { _ in true } }

    private func finish(_ answer: Bool, where isDone: (Int64) -> Bool) {
        for (waiter, entry) in self.waiting where isDone(entry.number) {
            self.waiting[waiter] = nil
            self.loop.cancel(entry.timer)
            entry.then(answer)
        }
    }
}
