import Domain
import IPC

/// How the tree is doing, for the aggregator's metrics, for operators, and for the service manager.
extension SupervisorMachine {
    /// Something about the tree has changed, or a second has passed.
    mutating func sendStatus(at now: UInt64) {
        self.actions.append(.count(self.figures))
        let control = self.serving.control
        if let slot = self.slots[control], slot.isReachable, slot.state != .handshaking, self.announcement != nil {
            self.actions.append(.report(control, self.report(at: now)))
        }
        let line = self.statusLine
        guard line != self.lastStatusLine else { return }
        self.lastStatusLine = line
        self.actions.append(.statusLine(line))
    }

    /// How the tree is doing.
    var figures: TreeFigures {
        var figures = TreeFigures(
            quarantined: self.quarantined, isDegraded: self.crashes.isDegraded,
            version: self.announcement?.version ?? 0)
        figures.up[.supervisor] = 1
        figures.restarts[.supervisor] = 0
        for role in [Role.control, .aggregator, .upstream, .edge] {
            let slots = self.serving.seats.filter { $0.role == role }.compactMap { self.slots[$0] }
            figures.up[role] = slots.count { $0.state == .ready }
            figures.restarts[role] = slots.reduce(self.pastRestarts[role, default: 0]) { $0 &+ $1.restarts }
        }
        return figures
    }

    private var state: TreeReport.State {
        if self.stopping != nil { return .stopping }
        if !self.wasEverReady { return .starting }
        return self.crashes.isDegraded ? .degraded : .ready
    }

    /// Everything but what only the shell knows: process ids and bound addresses.
    private func report(at now: UInt64) -> TreeReport {
        TreeReport(
            state: self.state, pid: 0, build: self.build, age: now >= self.startedAt ? now - self.startedAt : 0,
            version: self.announcement?.version ?? 0, listeners: [], quarantined: UInt32(clamping: self.quarantined),
            processes: self.seats.compactMap { self.process(in: $0, at: now) },
            operations: self.operations.report(at: now))
    }

    private func process(in seat: Seat, at now: UInt64) -> TreeReport.Process? {
        guard let slot = self.slots[seat] else { return nil }
        let state: TreeReport.ProcessState
        switch slot.state {
        // Of an older generation nobody comes back.
        case .vacant, .gone: if seat.generation != self.serving.number { return nil } else { state = .waiting }
        case .waiting: state = .waiting
        case .handshaking, .greeted: state = .starting
        case .ready: state = .ready
        case .draining: state = .draining
        case .aborting, .killed: state = .ending
        }
        return TreeReport.Process(
            role: seat.role, index: seat.index, generation: seat.generation, instance: slot.instance, pid: 0,
            state: state, age: slot.isAlive ? slot.age(at: now) : 0, restarts: slot.restarts,
            activeRequests: slot.activeRequests,
            version: seat.role == .control ? self.generation(of: seat)?.announcement?.version ?? 0 : slot.version,
            missing: slot.missing)
    }

    /// One line for people, such as `ready: 2 edges, 1 upstream; configuration 3`.
    var statusLine: String {
        let (edges, upstreams) = (self.count(.edge, "edge"), self.count(.upstream, "upstream"))
        let works = "\(edges), \(upstreams); configuration \(self.announcement?.version ?? 0)"
        switch self.state {
        case .starting: return "starting"
        case .ready: return "ready: \(works)"
        case .degraded: return "degraded: processes keep ending; \(works)"
        case .stopping: return "stopping"
        }
    }

    private func count(_ role: Role, _ name: String) -> String {
        let seats = self.working(role)
        let up = seats.count { self.slots[$0]?.state == .ready }
        let of = up == seats.count ? "" : " of \(seats.count)"
        return "\(up)\(of) \(name)\(seats.count == 1 ? "" : "s")"
    }
}
