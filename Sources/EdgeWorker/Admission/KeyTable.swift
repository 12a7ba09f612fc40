import Cryptography

/// The key directory of an edge, which is opened, and opened again after a fault, with growing pauses. An edge starts without
/// it: what control has not made yet appears later.
///
/// Lives on the event loop. Times are nanoseconds of its clock.
final class KeyTable {
    /// What is worth a line in the log.
    enum Change: Hashable {
        case opened
        case lost(String)
    }

    private static let firstPause: UInt64 = 100_000_000
    private static let longestPause: UInt64 = 5_000_000_000

    private let directory: any KeyDirectory
    private let changed: (Change) -> Void
    private var pause = KeyTable.firstPause
    private var retryAt: UInt64 = 0
    /// A fault was reported, and nothing has worked since.
    private var isFaulty = false

    init(_ directory: any KeyDirectory, changed: @escaping (Change) -> Void = { _ in }) {
        self.directory = directory
        self.changed = changed
    }

    /// To be called every second or so.
    func refresh(now: UInt64) {
        let wasOpen = self.directory.isOpen
        guard wasOpen || now >= self.retryAt else { return }
        do {
            try self.directory.refresh()
            self.pause = KeyTable.firstPause
            self.retryAt = 0
            guard !wasOpen else { return }
            self.isFaulty = false
            self.changed(.opened)
        } catch {
            self.retryAt = now &+ self.pause
            self.pause = min(self.pause * 2, KeyTable.longestPause)
            self.report("\(error)")
        }
    }

    /// `milliseconds` since 1970.
    func lookUp(_ digest: Digest, at milliseconds: UInt64, now: UInt64) -> KeyLookup {
        if !self.directory.isOpen { self.refresh(now: now) }
        guard self.directory.isOpen else { return .unavailable }
        let found = self.directory.lookUp(digest, at: milliseconds)
        if found == .unavailable { self.report("the open table cannot be read") } else { self.isFaulty = false }
        return found
    }

    /// Once for a fault that lasts.
    private func report(_ reason: String) {
        guard !self.isFaulty else { return }
        self.isFaulty = true
        self.changed(.lost(reason))
    }
}
