import CLinux
import Glibc

/// A number in the kernel that threads add to and somebody waits for: how a thread wakes an event loop, or a loop a thread.
public struct EventCounter: ~Copyable, Sendable {
    /// How it is waited for.
    public enum Kind: Sendable {
        /// On an event loop, which watches `number`; `take` empties it and does not wait.
        case watched
        /// By threads: each `take` waits until there is one to take away.
        case awaited
    }

    /// For watching.
    public let number: Int32

    public init(_ kind: Kind) throws(SystemError) {
        let number = kind == .watched ? sluice_eventfd() : sluice_counting_eventfd()
        guard number >= 0 else { throw SystemError.last("eventfd") }
        self.number = number
    }

    deinit {
        close(self.number)
    }

    /// Adds one.
    public borrowing func add() { sluice_eventfd_add(self.number) }

    /// Takes one away, or all of a watched one; whether there was something.
    @discardableResult
    public borrowing func take() -> Bool { sluice_eventfd_take(self.number) == 1 }
}
