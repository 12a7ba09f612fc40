import Domain
import EventLog
import IPC
import Platform

/// The change from one generation of programs to the next.
extension SupervisorMachine {
    /// USR2, or an operator's order. Nil: it has begun; else why it has not.
    mutating func beginUpgrade(at now: UInt64) -> String? {
        guard self.stopping == nil else { return "the gateway stops" }
        guard !self.upgrade.isRunning else {
            return self.upgrade.isBeforeTakeOver
                ? "an upgrade is under way" : "processes of the generation before still finish their requests"
        }
        guard self.wasEverReady else { return "the gateway is not ready yet" }
        guard !self.reload.isRunning else { return "a reload is under way" }
        guard self.retiring.isEmpty, self.growing.isEmpty else { return "the number of processes is being changed" }
        self.actions.append(.note(.upgrading(generation: self.lastGeneration &+ 1)))
        self.carryOut(self.upgrade.begin(at: now), at: now)
        return nil
    }

    /// What a program has said of itself. Nil: it could not be asked, or was killed; `reason` says more.
    mutating func preflighted(
        _ role: Role, _ answer: PreflightAnswer?, reason: String, at now: UInt64
    ) -> [SupervisorAction] {
        self.carryOut(self.upgrade.answered(role, obstacle: self.obstacle(role, answer, reason), at: now), at: now)
        return self.take()
    }

    private mutating func obstacle(_ role: Role, _ answer: PreflightAnswer?, _ reason: String) -> String? {
        guard let answer else {
            return "the new \(role.program) cannot take over: \(reason)"
        }
        let own = WireLimits.protocolVersion
        guard answer.protocolVersion == own || answer.protocolVersion == own + 1 else {
            return "restart needed: the new \(role.program) speaks protocol \(answer.protocolVersion), "
                + "the one that runs \(own)"
        }
        if let obstacle = self.formats.obstacle(to: answer.formats) {
            return "restart needed: \(obstacle) (\(role.program))"
        }
        if let first = self.nextBuild, first != answer.build {
            return "the new programs are of different builds: \(Self.text(first)) and \(Self.text(answer.build)) "
                + "(\(role.program))"
        }
        self.nextBuild = answer.build
        self.nextFormats = answer.formats
        return nil
    }

    private static func text(_ build: [UInt8]) -> String { String(decoding: build, as: UTF8.self) }

    // MARK: The new generation

    /// The new control has said what it makes of the configuration in force. Listeners, folders and counts stay as they are.
    mutating func standbyAnnounced(
        _ seat: Seat, _ announcement: TopologyAnnouncement, _ descriptors: [Int32]
    ) throws(FrameError) {
        guard let serving = self.announcement, announcement.host == serving.host,
            announcement.version == serving.version,
            announcement.topology.stateDirectory == serving.topology.stateDirectory
        else { throw .malformed(.topology) }
        var adopted = announcement
        adopted.topology.listeners = serving.topology.listeners
        adopted.topology.users = serving.topology.users
        adopted.topology.logFile = serving.topology.logFile
        self.changeGeneration(seat.generation) { $0.announcement = adopted }
        self.actions.append(.adoptStandby(seat.generation, adopted, descriptors: descriptors))
    }

    /// Its control has announced; its snapshots are kept.
    mutating func standbyAdopted(at now: UInt64) -> [SupervisorAction] {
        guard let other = self.other, var topology = other.announcement?.topology, self.upgrade.hasStandby else {
            return self.take()
        }
        // What TTIN and TTOU have changed stays.
        topology.edges = UInt16(clamping: self.working(.edge).count)
        topology.upstreams = UInt16(clamping: self.working(.upstream).count)
        self.changeGeneration(other.number) { $0.populate(topology) }
        for seat in self.other?.seats ?? [] where self.slots[seat] == nil {
            self.slots[seat] = ChildSlot()
            self.actions.append(.spawn(seat))
        }
        return self.take()
    }

    mutating func standbyNotAdopted(_ reason: String, at now: UInt64) -> [SupervisorAction] {
        self.carryOut(self.upgrade.standbyFailed(reason), at: now)
        return self.take()
    }

    /// Whether the process in the seat waits beside an older generation.
    func isOnStandby(_ seat: Seat) -> Bool {
        self.upgrade.hasStandby && seat.generation == self.other?.number
    }

    /// Whether nobody follows the process in the seat.
    func isRetiring(_ seat: Seat) -> Bool {
        switch self.upgrade.phase {
        case .retiring(.files, _):
            seat.generation == self.serving.number && UpgradeMachine.Part.files.roles.contains(seat.role)
        // Requests that still run may need an upstream.
        case .retiring(.edges, _): seat.generation == self.other?.number && seat.role != .upstream
        case .retiring(.upstreams, _), .replacing: seat.generation == self.other?.number
        case .discarding: seat.generation == self.other?.number
        case .idle, .asking, .standby: false
        }
    }

    /// A process of the new generation is READY.
    mutating func standbyIsReady(at now: UInt64) {
        guard let other = self.other, other.announcement != nil,
            other.seats.allSatisfy({ self.slots[$0]?.state == .ready })
        else { return }
        self.carryOut(self.upgrade.allReady(at: now), at: now)
    }

    // MARK: Ends

    /// A process has ended that belongs to an upgrade. False: its seat is to be filled again.
    mutating func upgradeTakesEnd(_ seat: Seat, _ status: ChildProcess.Status, at now: UInt64) -> Bool {
        guard let slot = self.slots[seat] else { return false }
        if self.isOnStandby(seat), case .standby = self.upgrade.phase {
            self.slots[seat]?.over()
            self.actions.append(.note(.endedAsAsked(seat, instance: slot.instance, status)))
            self.carryOut(
                self.upgrade.standbyFailed("the new \(seat.role.program) ended (\(status.text))"), at: now)
            self.checkUpgrade(at: now)
            return true
        }
        guard self.isRetiring(seat) else { return false }
        self.slots[seat]?.over()
        self.actions.append(.note(.endedAsAsked(seat, instance: slot.instance, status)))
        self.inquire(seat, instance: slot.instance, status)
        self.checkUpgrade(at: now)
        return true
    }

    /// A process of an upgrade could not be started. False: as for any other.
    mutating func upgradeTakesSpawnFailure(_ seat: Seat, _ reason: String, at now: UInt64) -> Bool {
        guard self.isOnStandby(seat), self.upgrade.phase != .idle else { return false }
        if case .retiring = self.upgrade.phase { return false }
        self.slots[seat]?.over()
        self.carryOut(self.upgrade.standbyFailed(reason), at: now)
        self.checkUpgrade(at: now)
        return true
    }

    /// Goes on when nobody is left of what is being waited for.
    mutating func checkUpgrade(at now: UInt64) {
        switch self.upgrade.phase {
        case .discarding:
            guard let other = self.other, !other.seats.contains(where: { self.slots[$0]?.isAlive == true }) else {
                return
            }
            self.carryOut(self.upgrade.standbyGone(), at: now)
        case .retiring(let part, _):
            guard !self.seats(of: part).contains(where: { self.slots[$0]?.isAlive == true }) else { return }
            self.carryOut(self.upgrade.retired(part, drain: self.drainTimeout, at: now), at: now)
        case .idle, .asking, .standby, .replacing: return
        }
    }

    /// The old generation's seats of that part.
    private func seats(of part: UpgradeMachine.Part) -> [Seat] {
        let old = part == .files ? self.serving : self.other
        return (old?.seats ?? []).filter { part.roles.contains($0.role) }
    }

    private var drainTimeout: UInt64 { self.announcement?.topology.drainTimeout ?? 0 }

    // MARK: Steps

    mutating func upgradeTick(at now: UInt64) {
        self.carryOut(self.upgrade.tick(at: now), at: now)
    }

    /// The supervisor has become the new program, or has not: then `failure` says why.
    mutating func supervisorReplaced(failure: String?, at now: UInt64) -> [SupervisorAction] {
        if let failure { self.actions.append(.note(.supervisorNotReplaced(failure))) }
        self.carryOut(self.upgrade.replaced(), at: now)
        return self.take()
    }

    mutating func carryOut(_ steps: [UpgradeMachine.Step], at now: UInt64) {
        for step in steps {
            switch step {
            case .ask:
                self.nextBuild = nil
                self.nextFormats = nil
                self.actions.append(.preflight)
            case .stopAsking: self.actions.append(.stopPreflight)
            case .startStandby: self.startStandby()
            case .retire(let part): self.retire(part, at: now)
            case .takeOver: self.takeOver(at: now)
            case .discard: self.discard(at: now)
            case .kill(let part): for seat in self.seats(of: part) { self.killUnended(seat) }
            case .replaceSupervisor: self.replaceSupervisor()
            case .finished(let failure): self.upgradeFinished(failure, at: now)
            }
        }
        if !steps.isEmpty { self.tellUpgradeProgress() }
    }

    private mutating func startStandby() {
        self.lastGeneration &+= 1
        let next = Generation(number: self.lastGeneration)
        self.other = next
        self.slots[next.control] = ChildSlot()
        self.actions.append(.spawn(next.control))
    }

    private mutating func retire(_ part: UpgradeMachine.Part, at now: UInt64) {
        let drain: UInt64 =
            switch part {
            case .files: UpgradeMachine.filesDrain
            case .edges: self.drainTimeout
            case .upstreams: UpgradeMachine.upstreamsDrain
            }
        for seat in self.seats(of: part) {
            if self.slots[seat]?.isReachable == true {
                self.slots[seat]?.draining()
                self.actions.append(.send(seat, Drain(timeout: drain).frame()))
            } else if self.slots[seat]?.isAlive != true {
                self.slots[seat]?.over()
            }
        }
        // It may be that nobody was there.
        self.checkUpgrade(at: now)
    }

    /// From here on the new generation serves, and there is no way back.
    private mutating func takeOver(at now: UInt64) {
        guard let next = self.other else { return }
        for seat in self.serving.seats {
            self.pastRestarts[seat.role, default: 0] &+= self.slots[seat]?.restarts ?? 0
        }
        for seat in self.serving.seats where self.slots[seat]?.isAlive != true && seat.role != .upstream {
            self.slots[seat]?.over()
        }
        self.other = self.serving
        self.serving = next
        if let nextFormats { self.formats = nextFormats }
        for seat in next.seats where self.slots[seat]?.isReachable == true {
            self.actions.append(.send(seat, Ready().frame()))
        }
        self.informedControl = self.slots[next.control]?.instance
        self.actions.append(.note(.tookOver(generation: next.number)))
        self.actions.append(.restoreBacklogs)
        self.inquireAgain()
        self.sendStatus(at: now)
    }

    private mutating func discard(at now: UInt64) {
        for seat in self.other?.seats ?? [] { self.killUnended(seat) }
        self.checkUpgrade(at: now)
    }

    private mutating func killUnended(_ seat: Seat) {
        guard let slot = self.slots[seat] else { return }
        guard slot.isAlive else {
            self.slots[seat]?.over()
            return
        }
        guard slot.state != .killed else { return }
        self.slots[seat]?.killed()
        self.actions.append(.note(.doesNotEnd(seat, instance: slot.instance)))
        self.actions.append(.signal(seat, Self.kill))
    }

    private mutating func replaceSupervisor() {
        self.forgetOther()
        // What is known of broken links does not go along.
        self.mendLinks()
        self.actions.append(.replaceSupervisor)
    }

    private mutating func forgetOther() {
        guard let other = self.other else { return }
        for seat in other.seats { self.slots[seat] = nil }
        self.other = nil
        self.actions.append(.forgetGeneration(other.number))
    }

    private mutating func upgradeFinished(_ failure: String?, at now: UInt64) {
        if self.stopping == nil { self.forgetOther() }
        if let failure {
            self.actions.append(.forgetPrograms)
            if self.stopping == nil { self.actions.append(.note(.upgradeFailed(failure))) }
            if let id = self.upgradeOperation { self.operations.finish(id, failed: failure) }
        } else {
            self.actions.append(.note(.upgraded(generation: self.serving.number)))
            if let id = self.upgradeOperation {
                self.operations.finish(id, done: "the new programs serve; the supervisor goes on with its old one")
            }
        }
        self.upgradeOperation = nil
        self.sendStatus(at: now)
        self.startReload(at: now)
    }

    /// USR2, or an order.
    mutating func upgradeAsked(_ operation: OperationList.ID?, at now: UInt64) {
        if let refusal = self.beginUpgrade(at: now) {
            if let operation { self.operations.finish(operation, failed: refusal) }
            self.actions.append(.note(.orderRefused(.upgrade, refusal)))
            return
        }
        guard self.upgrade.isRunning else { return }
        self.upgradeOperation = operation
        self.tellUpgradeProgress()
    }

    private mutating func tellUpgradeProgress() {
        guard let id = self.upgradeOperation, self.upgrade.isRunning else { return }
        self.operations.update(id, self.upgrade.progress)
    }
}

extension ChildProcess.Status {
    /// For people.
    var text: String {
        switch self {
        case .code(let code): "exit \(code)"
        case .signal(let signal): "signal \(signal)"
        }
    }
}
