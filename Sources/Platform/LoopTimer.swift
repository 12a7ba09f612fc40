/// One pending call on an `EpollLoop`; made by `EpollLoop.schedule`, on its loop only.
public final class LoopTimer {
    /// When it is due, on the monotonic clock, in nanoseconds.
    public internal(set) var deadline: UInt64
    let action: () -> Void
    /// Its place in the heap; -1 when it is not pending.
    var place = -1

    init(deadline: UInt64, action: @escaping () -> Void) {
        self.deadline = deadline
        self.action = action
    }

    /// Whether the call is still to come.
    public var isPending: Bool { self.place >= 0 }
}
