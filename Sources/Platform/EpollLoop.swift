import CLinux
import Glibc

/// A single-threaded event loop over epoll: descriptors, timers, and work at the end of each turn.
///
/// It is the loop of every program but the edge (which runs on SwiftNIO). It starts no thread and uses neither Dispatch
/// nor tasks, so the supervisor can own one and still spawn children safely. All members are for the thread that calls
/// `run`; nothing here is locked.
///
/// One turn: wait, hand out readiness (and, while there is much of it, what has become ready meanwhile), run due timers, then
/// call each `TurnEndHandler` that asked for it. Output gathered during a turn is therefore written once per turn.
// SAFETY: `reports` is allocated and initialised in `init`, freed once in `deinit`, and used by one turn at a time.
@safe
public final class EpollLoop {
    private struct Watched {
        var handler: any DescriptorHandler
        var interest: Readiness
        var generation: UInt32
    }

    private static let reportsPerTurn = 256
    private static let furtherLooks = 3

    private let epoll: OwnedDescriptor
    /// By descriptor number. A report carries the generation it was registered under, so one that was already fetched
    /// for a closed and reused number is dropped.
    private var watched: [Watched?] = []
    /// What one wait has found.
    private let reports: UnsafeMutableBufferPointer<sluice_ready>
    private var generation: UInt32 = 0
    private var timers = TimerHeap()
    private var turnEnds: [any TurnEndHandler] = []
    private var runsTurnEnds: [any TurnEndHandler] = []
    private var isRunning = false

    /// Monotonic nanoseconds, read once per turn.
    public private(set) var now: UInt64

    public init() throws(SystemError) {
        let descriptor = OwnedDescriptor(adopting: sluice_epoll_create())
        guard descriptor.number >= 0 else { throw SystemError.last("epoll_create1") }
        self.epoll = descriptor
        unsafe self.reports = .allocate(capacity: EpollLoop.reportsPerTurn)
        unsafe self.reports.initialize(repeating: sluice_ready())
        self.now = Clocks.monotonicNanoseconds()
    }

    deinit {
        unsafe self.reports.deallocate()
    }

    // MARK: Descriptors

    /// Watches `fd` until `forget`. The handler is retained.
    public func watch(_ fd: Int32, for interest: Readiness, handler: any DescriptorHandler) throws(SystemError) {
        self.generation &+= 1
        while self.watched.count <= Int(max(fd, 0)) { self.watched.append(nil) }
        let known = self.entry(fd) != nil
        let isChanged = known && sluice_epoll_control(self.epoll.number, 3, fd, interest.rawValue, self.token(fd)) == 0
        // A known number that epoll does not know was closed without `forget` and stands for another descriptor by now.
        guard isChanged || sluice_epoll_control(self.epoll.number, 1, fd, interest.rawValue, self.token(fd)) == 0 else {
            throw SystemError.last("epoll_ctl")
        }
        self.watched[Int(fd)] = Watched(handler: handler, interest: interest, generation: self.generation)
    }

    /// Changes what a watched descriptor is watched for.
    public func change(_ fd: Int32, to interest: Readiness) throws(SystemError) {
        guard var entry = self.entry(fd), entry.interest != interest else { return }
        let token = UInt64(entry.generation) << 32 | UInt64(UInt32(bitPattern: fd))
        guard sluice_epoll_control(self.epoll.number, 3, fd, interest.rawValue, token) == 0 else {
            throw SystemError.last("epoll_ctl")
        }
        entry.interest = interest
        self.watched[Int(fd)] = entry
    }

    /// Stops watching `fd`; to be called before it is closed. One that is closed already is forgotten, too.
    public func forget(_ fd: Int32) {
        guard self.entry(fd) != nil else { return }
        self.watched[Int(fd)] = nil
        _ = sluice_epoll_control(self.epoll.number, 2, fd, 0, 0)
    }

    private func entry(_ fd: Int32) -> Watched? {
        fd >= 0 && Int(fd) < self.watched.count ? self.watched[Int(fd)] : nil
    }

    private func token(_ fd: Int32) -> UInt64 {
        UInt64(self.generation) << 32 | UInt64(UInt32(bitPattern: fd))
    }

    // MARK: Timers

    /// Calls `action` on this loop once `delay` nanoseconds have passed.
    @discardableResult
    public func schedule(after delay: UInt64, _ action: @escaping () -> Void) -> LoopTimer {
        let (deadline, overflow) = Clocks.monotonicNanoseconds().addingReportingOverflow(delay)
        let timer = LoopTimer(deadline: overflow ? .max : deadline, action: action)
        self.timers.insert(timer)
        return timer
    }

    /// Moves a timer, pending or not, to `delay` nanoseconds from now.
    public func reschedule(_ timer: LoopTimer, after delay: UInt64) {
        self.timers.remove(timer)
        let (deadline, overflow) = Clocks.monotonicNanoseconds().addingReportingOverflow(delay)
        timer.deadline = overflow ? .max : deadline
        self.timers.insert(timer)
    }

    /// Makes sure that the timer does not fire.
    public func cancel(_ timer: LoopTimer) {
        self.timers.remove(timer)
    }

    // MARK: Turns

    /// Has `handler.turnEnded()` called once at the end of the current turn (or of the next, outside a turn).
    public func atTurnEnd(_ handler: any TurnEndHandler) {
        self.turnEnds.append(handler)
    }

    /// Runs until `stop`.
    public func run() throws(SystemError) {
        self.isRunning = true
        while self.isRunning { try self.turn() }
    }

    /// Ends `run` after the current turn.
    public func stop() {
        self.isRunning = false
    }

    /// One turn; waits at most `limit` nanoseconds for something to happen. For tests and for `run`.
    public func turn(waitingAtMost limit: UInt64 = .max) throws(SystemError) {
        var count = try self.wait(self.waitMilliseconds(limit))
        // A busy loop looks once more before it writes: what has come meanwhile goes out with the rest, in fewer system
        // calls here and fewer wake-ups of whoever reads it.
        for _ in 0..<EpollLoop.furtherLooks where count > 1 { count = try self.wait(0) }
        self.runDueTimers()
        self.runTurnEnds()
    }

    /// Waits for at most `milliseconds` and hands out what is ready; returns how much that was.
    private func wait(_ milliseconds: Int32) throws(SystemError) -> Int {
        let count = unsafe sluice_epoll_wait(
            self.epoll.number, self.reports.baseAddress, Int32(EpollLoop.reportsPerTurn), milliseconds)
        guard count >= 0 || errno == EINTR else { throw SystemError.last("epoll_wait") }
        self.now = Clocks.monotonicNanoseconds()
        for index in 0..<max(0, Int(count)) {
            let report = unsafe self.reports[index]
            let fd = Int32(bitPattern: UInt32(truncatingIfNeeded: report.token))
            guard let entry = self.entry(fd), entry.generation == UInt32(report.token >> 32) else { continue }
            entry.handler.ready(fd, Readiness(rawValue: report.events))
        }
        return Int(count)
    }

    private func waitMilliseconds(_ limit: UInt64) -> Int32 {
        guard self.turnEnds.isEmpty else { return 0 }
        var wait = limit
        if let soonest = self.timers.soonest {
            let now = Clocks.monotonicNanoseconds()
            wait = min(wait, soonest.deadline > now ? soonest.deadline - now : 0)
        }
        guard wait != .max else { return -1 }
        // Rounded up: a timer that is not yet due would cost an empty turn.
        return Int32(clamping: wait / 1_000_000 + (wait % 1_000_000 == 0 ? 0 : 1))
    }

    private func runDueTimers() {
        while let timer = self.timers.soonest, timer.deadline <= self.now {
            self.timers.remove(timer)
            timer.action()
        }
    }

    private func runTurnEnds() {
        // A handler may make others ask: a call that is started and answered here has a reply to write. A few rounds
        // are run at once; what then still asks waits for the next turn, so that nobody can hold up the loop.
        for _ in 0..<4 where !self.turnEnds.isEmpty {
            swap(&self.turnEnds, &self.runsTurnEnds)
            for handler in self.runsTurnEnds { handler.turnEnded() }
            self.runsTurnEnds.removeAll(keepingCapacity: true)
        }
    }
}
