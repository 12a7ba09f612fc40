import Domain
import IPC

/// A new configuration for the running tree.
extension SupervisorMachine {
    /// Reloads wait: during an upgrade there are two generations.
    private var holdsReloads: Bool { self.other != nil || self.upgrade.isRunning }

    /// A configuration is to be read again. One at a time; what is asked for meanwhile is done together in one more.
    mutating func requestReload(_ operation: OperationList.ID?, at now: UInt64) {
        guard self.stopping == nil else {
            if let operation { self.operations.finish(operation, failed: "the gateway stops") }
            return
        }
        if let operation, self.holdsReloads { self.operations.update(operation, "waiting for the end of the upgrade") }
        self.waitingReloads.append(contentsOf: [operation].compactMap { $0 })
        self.isReloadWanted = true
        self.startReload(at: now)
    }

    /// Starts the next reload, if one is wanted and can be done now.
    mutating func startReload(at now: UInt64) {
        guard self.isReloadWanted || self.isRefreshWanted, self.wasEverReady, self.stopping == nil,
            !self.reload.isRunning, !self.holdsReloads,
            self.slots[self.serving.control]?.state == .ready, let version = self.announcement?.version
        else { return }
        self.readsFile = self.isReloadWanted
        self.isAlsoRefresh = self.isReloadWanted && self.isRefreshWanted
        self.isReloadWanted = false
        self.isRefreshWanted = false
        self.runningReloads = self.waitingReloads
        self.waitingReloads = []
        self.reloadBegan = now
        for id in self.runningReloads { self.operations.update(id, "reading the configuration") }
        if self.readsFile { self.actions.append(.reloading(true)) }
        self.perform(self.reload.begin(current: version, at: now), at: now)
        self.sendStatus(at: now)
    }

    /// Control's answer to a reload. False: it was not asked for, which is no fault if it comes late.
    mutating func reannounced(_ announcement: TopologyAnnouncement, _ descriptors: [Int32], at now: UInt64) -> Bool {
        guard self.stopping == nil, self.reload.expects(announcement.version) else { return false }
        self.reload.announced()
        if let reason = self.restartReason(announcement) {
            if !descriptors.isEmpty { self.actions.append(.close(descriptors)) }
            self.perform(self.reload.adoptionFailed(reason), at: now)
        } else {
            self.proposal = announcement
            self.actions.append(.propose(announcement, descriptors: descriptors))
        }
        return true
    }

    /// What of it a running gateway cannot do.
    private func restartReason(_ announcement: TopologyAnnouncement) -> String? {
        guard let current = self.announcement else { return "there is no configuration yet" }
        if announcement.host != current.host || announcement.topology.stateDirectory != current.topology.stateDirectory
        {
            return "state_directory: another one needs a restart"
        }
        // Who runs as what, and which file is opened for them as root, is decided once: a control that was taken over must not change it.
        if announcement.topology.users != current.topology.users { return "user: another one needs a restart" }
        if !current.topology.users.isEmpty, announcement.topology.logFile != current.topology.logFile {
            return "logging.file: another one needs a restart where the processes have users of their own"
        }
        let edges = announcement.topology.edges
        if edges > self.maximumEdges {
            return
                "workers.edge: \(edges) need a restart; the limit table of this run has places for \(self.maximumEdges)"
        }
        let more = edges == current.topology.edges ? 0 : max(0, Int(edges) - self.working(.edge).count)
        if self.serving.seats.count(where: { $0.role == .edge }) + more > 2 * Int(self.maximumEdges) {
            return "workers.edge: edges that were given up still finish their requests; try again later"
        }
        return nil
    }

    /// What the proposal names is open.
    mutating func proposed(at now: UInt64) -> [SupervisorAction] {
        for id in self.runningReloads { self.operations.update(id, "telling the workers") }
        self.perform(self.reload.adopted(), at: now)
        return self.take()
    }

    /// What the proposal names cannot be used; nothing of it is open.
    mutating func cannotPropose(_ reason: String, at now: UInt64) -> [SupervisorAction] {
        self.proposal = nil
        self.perform(self.reload.adoptionFailed(reason), at: now)
        return self.take()
    }

    mutating func perform(_ steps: [ReloadMachine.Step], at now: UInt64) {
        for step in steps {
            switch step {
            case .ask(let version):
                self.actions.append(.note(.reloading(version)))
                self.actions.append(
                    .send(self.serving.control, ReloadRequest(version: version, readsFile: self.readsFile).frame()))
            case .gather(let stage): self.perform(self.reload.gathered(self.members(of: stage), at: now), at: now)
            case .give(let seat, let version): self.give(seat, version)
            case .commit(let version): self.commit(version, at: now)
            case .drop(let version):
                self.proposal = nil
                self.actions.append(.drop(version))
            case .tellControl(let version, let reason):
                guard self.slots[self.serving.control]?.takesLinks == true else { continue }
                self.actions.append(
                    .send(self.serving.control, ReloadRefused(version: version, message: reason).frame()))
            case .kill(let seat, let reason): self.kill(seat, reason)
            case .finished(let version, let failure): self.finishReload(version, failure, at: now)
            }
        }
    }

    /// Sends a worker the snapshot of that version, to an edge with its listeners.
    mutating func give(_ seat: Seat, _ version: UInt64) {
        if seat.role == .edge { self.actions.append(.sendListeners(seat, version: version)) }
        self.actions.append(.sendSnapshot(seat, version: version))
    }

    private func members(of stage: ReloadMachine.Stage) -> [ReloadMachine.Member] {
        self.serving.seats.compactMap { seat in
            guard let slot = self.slots[seat], slot.takesLinks, seat.role != .control,
                (seat.role == .edge) == (stage == .edges)
            else { return nil }
            return ReloadMachine.Member(seat: seat, instance: slot.instance)
        }
    }

    /// From here on there is no way back.
    private mutating func commit(_ version: UInt64, at now: UInt64) {
        guard let new = self.proposal, let old = self.announcement else { return }
        self.proposal = nil
        self.changeGeneration(self.serving.number) { $0.announcement = new }
        self.actions.append(.commit(version))
        // New listeners were adopted before they were in force.
        self.actions.append(.restoreBacklogs)
        // What TTIN and TTOU have changed lasts until the file says something else.
        if new.topology.edges != old.topology.edges { self.resize(.edge, to: Int(new.topology.edges), at: now) }
        if new.topology.upstreams != old.topology.upstreams {
            self.resize(.upstream, to: Int(new.topology.upstreams), at: now)
        }
    }

    private mutating func finishReload(_ version: UInt64, _ failure: String?, at now: UInt64) {
        for id in self.runningReloads {
            if let failure {
                self.operations.finish(id, failed: failure)
            } else {
                self.operations.finish(id, done: "configuration \(version) is in force")
            }
        }
        self.runningReloads = []
        let took = now >= self.reloadBegan ? now - self.reloadBegan : 0
        self.actions.append(.note(failure.map { .reloadFailed($0) } ?? .reloaded(version, milliseconds: took)))
        if self.readsFile { self.actions.append(.reloading(false)) }
        self.sendStatus(at: now)
        if failure != nil, self.isAlsoRefresh { self.isRefreshWanted = true }
        self.isAlsoRefresh = false
        self.startReload(at: now)
    }
}
