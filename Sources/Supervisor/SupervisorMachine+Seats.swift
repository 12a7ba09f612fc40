import Domain
import IPC

/// How many processes of a role there are: seats that come, and seats that are drained and vanish.
extension SupervisorMachine {
    /// A seat that is being given up.
    struct Retirement: Hashable {
        /// What still runs then is killed.
        var killAt: UInt64
        /// To be finished with the seat.
        var operation: OperationList.ID?
    }

    /// Milliseconds that a process has beyond its drain timeout.
    private static let retirementGrace: UInt64 = 5000

    /// The serving seats of a role that are to stay, lowest index first.
    func working(_ role: Role) -> [Seat] {
        self.serving.seats.filter { $0.role == role && self.retiring[$0] == nil }.sorted { $0.index < $1.index }
    }

    /// Brings the number of processes of a role to `count`.
    mutating func resize(_ role: Role, to count: Int, at now: UInt64) {
        let working = self.working(role)
        for _ in working.count..<max(working.count, count) { _ = self.addSeat(role) }
        for seat in working.dropFirst(max(1, count)).reversed() { self.retire(seat, operation: nil, at: now) }
    }

    /// One seat more, with the lowest index that is free.
    mutating func addSeat(_ role: Role) -> Seat? {
        let generation = self.serving.number
        let taken = Set(self.serving.seats.filter { $0.role == role }.map(\.index))
        guard let index = (0..<Self.maximumCount).first(where: { !taken.contains($0) }) else { return nil }
        let seat = Seat(role: role, index: index, generation: generation)
        self.changeGeneration(generation) { $0.seats.append(seat) }
        self.slots[seat] = ChildSlot()
        self.actions.append(.spawn(seat))
        return seat
    }

    /// Asks the process to finish; the seat vanishes with it.
    mutating func retire(_ seat: Seat, operation: OperationList.ID?, at now: UInt64) {
        guard let slot = self.slots[seat], self.retiring[seat] == nil else { return }
        if let id = self.growing.removeValue(forKey: seat) {
            self.operations.finish(id, failed: "it was given up again before it was ready")
        }
        let timeout = self.announcement?.topology.drainTimeout ?? 0
        let end = now.addingReportingOverflow(timeout)
        let kill = end.partialValue.addingReportingOverflow(Self.retirementGrace)
        self.retiring[seat] = Retirement(
            killAt: end.overflow || kill.overflow ? .max : kill.partialValue, operation: operation)
        self.actions.append(.note(.retiring(seat, instance: slot.instance)))
        guard slot.isAlive else { return self.vanish(seat) }
        guard slot.isReachable else { return }
        self.slots[seat]?.draining()
        self.actions.append(.send(seat, Drain(timeout: timeout).frame()))
    }

    /// The process of a seat that is given up has ended.
    mutating func vanish(_ seat: Seat) {
        guard let retirement = self.retiring.removeValue(forKey: seat) else { return }
        self.changeGeneration(seat.generation) { $0.seats.removeAll { $0 == seat } }
        self.pastRestarts[seat.role, default: 0] &+= self.slots[seat]?.restarts ?? 0
        self.slots[seat] = nil
        if let id = retirement.operation { self.operations.finish(id, done: "it has ended") }
    }

    /// When `retireTick` is due.
    var retirementDeadline: UInt64 { self.retiring.values.map(\.killAt).min() ?? .max }

    mutating func retireTick(at now: UInt64) {
        for (seat, retirement) in self.retiring where retirement.killAt <= now {
            self.retiring[seat]?.killAt = .max
            self.endLate(seat)
        }
    }

    private static let notNow = "the gateway starts, stops, reloads or is upgraded; try again later"

    private var mayResize: Bool {
        self.wasEverReady && self.stopping == nil && !self.reload.isRunning && !self.upgrade.isRunning
    }

    /// One edge more, beyond what the configuration says.
    mutating func addEdge(_ operation: OperationList.ID?, at now: UInt64) {
        let count = self.working(.edge).count
        guard self.mayResize else {
            return self.refuse(operation, .addEdge, Self.notNow)
        }
        guard count < Int(self.maximumEdges),
            self.serving.seats.count(where: { $0.role == .edge }) < 2 * Int(self.maximumEdges),
            let seat = self.addSeat(.edge)
        else {
            return self.refuse(
                operation, .addEdge, "there are \(count) edges, and the limit table of this run has no place for more")
        }
        if let operation { self.growing[seat] = operation }
        self.actions.append(.note(.resized(edges: count + 1)))
        self.sendStatus(at: now)
    }

    /// One edge fewer, below what the configuration says.
    mutating func removeEdge(_ operation: OperationList.ID?, at now: UInt64) {
        let working = self.working(.edge)
        guard self.mayResize else {
            return self.refuse(operation, .removeEdge, Self.notNow)
        }
        guard working.count > 1, let last = working.last else {
            return self.refuse(operation, .removeEdge, "there is only one edge")
        }
        self.retire(last, operation: operation, at: now)
        self.actions.append(.note(.resized(edges: working.count - 1)))
        self.sendStatus(at: now)
    }

    private mutating func refuse(_ operation: OperationList.ID?, _ kind: OrderKind, _ reason: String) {
        if let operation { self.operations.finish(operation, failed: reason) }
        self.actions.append(.note(.orderRefused(kind, reason)))
    }
}
