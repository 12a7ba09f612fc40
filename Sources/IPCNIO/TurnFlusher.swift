public import NIOCore

/// Something that gathers output during a turn of its event loop and writes it out once at the end.
public protocol TurnFlushing: AnyObject {
    /// The turn is over: write and flush what was gathered.
    func flushTurn()
}

/// Calls everybody who has gathered output once at the end of the current turn of one event loop, or of a burst in it.
///
/// NIO runs submitted tasks after all I/O events of a turn, so one submitted task per turn serves links and client
/// connections alike. A burst is the handling of what one read of a link has brought: its output need not wait for other
/// I/O of the turn, and does without the task. Lives on its loop; not for other threads.
public final class TurnFlusher {
    private let eventLoop: any EventLoop
    private var items: [any TurnFlushing] = []
    private var isScheduled = false
    private var isInBurst = false

    public init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Has `item.flushTurn()` called once; the caller adds itself once per turn.
    public func add(_ item: any TurnFlushing) {
        self.items.append(item)
        guard !self.isScheduled, !self.isInBurst else { return }
        self.isScheduled = true
        self.eventLoop.assumeIsolated().execute {
            self.run()
            self.isScheduled = false
        }
    }

    /// Calls `body`, then everybody who was added in it, unless somebody waits for the end of the turn anyway.
    func burst(_ body: () -> Void) {
        guard !self.isScheduled, !self.isInBurst else { return body() }
        self.isInBurst = true
        body()
        self.run()
        self.isInBurst = false
    }

    private func run() {
        // A flush may make others gather output (credit for a peer, the next waiting write): they belong to this turn.
        var index = 0
        while index < self.items.count {
            self.items[index].flushTurn()
            index += 1
        }
        self.items.removeAll(keepingCapacity: self.items.count <= 1024)
    }
}
