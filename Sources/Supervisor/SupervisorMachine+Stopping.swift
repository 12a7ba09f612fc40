import Domain
import IPC
import EventLog

/// The end of the tree, in an order in which nothing is lost: edges finish their requests while their upstreams still work,
/// the aggregator hears from both to the last, and ends last.
extension SupervisorMachine {
    /// Where the stop has got to.
    struct Stopping: Hashable {
        enum Phase: Int, Hashable, CaseIterable {
            case edges
            case upstreams
            case aggregator
            case over

            var roles: [Role] {
                switch self {
                case .edges: [.edge]
                case .upstreams: [.upstream, .control]
                case .aggregator: [.aggregator]
                case .over: []
                }
            }
        }

        var phase: Phase
        var isFast: Bool
        let code: Int32
        /// When what is left of the phase is killed; once that was done, when the phase is given up.
        var phaseEnd: UInt64
        var hasKilled = false
        /// When everything is killed, for a fast stop.
        var end: UInt64?

        var deadline: UInt64 { min(self.phaseEnd, self.end ?? .max) }
    }

    /// The whole of a fast stop, in milliseconds.
    static let fastLimit: UInt64 = 10_000
    /// From KILL until a process counts as gone even if the kernel still holds it.
    static let killLimit: UInt64 = 2000

    /// TERM, QUIT (`drain`) or INT (`fast`). A second one is always fast.
    mutating func stop(_ how: Stop, at now: UInt64) -> [SupervisorAction] {
        self.stopAsked(how, at: now)
        return self.take()
    }

    mutating func stopAsked(_ how: Stop, at now: UInt64) {
        if self.stopping == nil {
            self.beginStop(how, code: ExitCode.done, at: now)
        } else {
            self.hasten(at: now)
        }
    }

    mutating func beginStop(_ how: Stop, code: Int32, at now: UInt64) {
        guard self.stopping == nil else { return }
        let isFast = how != .drain
        if how != .giveUp {
            let timeout = isFast ? 0 : self.announcement?.topology.drainTimeout ?? 0
            self.actions.append(.note(.stopping(how, timeout: timeout)))
        }
        self.actions.append(.treeIsStopping)
        self.stopping = Stopping(
            phase: .edges, isFast: isFast, code: code, phaseEnd: .max, end: isFast ? now &+ Self.fastLimit : nil)
        self.carryOut(self.upgrade.abandon(), at: now)
        self.perform(self.reload.abandon(), at: now)
        self.operations.failAll("the gateway stops", but: [.stop, .stopNow])
        self.actions.append(.closeListeners)
        for seat in self.seats where self.slots[seat]?.isAlive != true { self.slots[seat]?.over() }
        self.enter(.edges, at: now)
        self.lastStatusLine = self.statusLine
        self.sendStatus(at: now)
        self.advanceStop(at: now)
    }

    private mutating func hasten(at now: UInt64) {
        guard var stopping, !stopping.isFast else { return }
        stopping.isFast = true
        stopping.end = now &+ Self.fastLimit
        self.stopping = stopping
        self.actions.append(.note(.stopping(.fast, timeout: 0)))
        if !stopping.hasKilled { self.enter(stopping.phase, at: now) }
    }

    /// Goes on to the next phase when nobody of this one is left.
    mutating func advanceStop(at now: UInt64) {
        while let stopping, stopping.phase != .over, !self.isAnyoneLeft(stopping.phase) {
            guard let next = Stopping.Phase(rawValue: stopping.phase.rawValue + 1) else { return }
            self.stopping?.phase = next
            self.stopping?.hasKilled = false
            guard next != .over else {
                if stopping.code == ExitCode.done { self.actions.append(.note(.stopped)) }
                self.stopping?.phaseEnd = .max
                self.stopping?.end = nil
                self.actions.append(.exit(stopping.code))
                return
            }
            self.enter(next, at: now)
        }
    }

    mutating func stopTick(at now: UInt64) {
        guard let stopping, stopping.phase != .over, now >= stopping.deadline else { return }
        let isEnd = stopping.end.map { now >= $0 } ?? false
        let left = self.seats.filter { seat in
            (isEnd || stopping.phase.roles.contains(seat.role)) && self.slots[seat]?.isAlive == true
        }
        for seat in left {
            guard let slot = self.slots[seat] else { continue }
            if slot.state == .killed && stopping.hasKilled {
                self.slots[seat]?.over()
            } else {
                self.slots[seat]?.killed()
                self.actions.append(.note(.doesNotEnd(seat, instance: slot.instance)))
                self.actions.append(.signal(seat, Self.kill))
            }
        }
        self.stopping?.hasKilled = true
        self.stopping?.phaseEnd = now &+ Self.killLimit
        if isEnd { self.stopping?.end = now &+ Self.killLimit }
        self.advanceStop(at: now)
    }

    private func isAnyoneLeft(_ phase: Stopping.Phase) -> Bool {
        self.slots.contains { phase.roles.contains($0.key.role) && $0.value.isAlive }
    }

    /// Asks everybody of the phase to finish, and sets the phase's limits (milliseconds).
    private mutating func enter(_ phase: Stopping.Phase, at now: UInt64) {
        guard let stopping else { return }
        let drain: UInt64
        let grace: UInt64
        switch (phase, stopping.isFast) {
        case (.edges, false): (drain, grace) = (self.announcement?.topology.drainTimeout ?? 0, 5000)
        case (.edges, true): (drain, grace) = (0, 5000)
        case (.upstreams, false): (drain, grace) = (5000, 5000)
        case (.upstreams, true): (drain, grace) = (0, 2000)
        case (.aggregator, false): (drain, grace) = (10_000, 1000)
        case (.aggregator, true): (drain, grace) = (2000, 1000)
        case (.over, _): return
        }
        let limit = drain.addingReportingOverflow(grace)
        let end = now.addingReportingOverflow(limit.partialValue)
        self.stopping?.phaseEnd = limit.overflow || end.overflow ? .max : end.partialValue
        for seat in self.seats where phase.roles.contains(seat.role) && self.slots[seat]?.isReachable == true {
            self.slots[seat]?.draining()
            self.actions.append(.send(seat, Drain(timeout: drain).frame()))
        }
    }
}
