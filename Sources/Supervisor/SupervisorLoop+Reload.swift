import Domain
import EventLog
import IPC
import Platform

/// The shell's part of reloads and orders.
extension SupervisorLoop {
    /// The snapshot of that version: the one in force, or the one that is proposed.
    func snapshot(_ seat: Seat, _ version: UInt64) -> Int32? {
        if let proposal, proposal.announcement.version == version { return proposal.snapshots.number(for: seat.role) }
        return self.snapshots[seat.generation]?.number(for: seat.role)
    }

    func sendListeners(_ seat: Seat, _ version: UInt64) {
        let proposed = self.proposal.flatMap { $0.announcement.version == version ? $0.listeners : nil }
        guard let listeners = proposed ?? self.listeners else { return }
        let offer = ListenerOffer(version: version, entries: listeners.entries)
        self.send(seat, offer.frame(), listeners.descriptors)
    }

    func propose(_ announcement: TopologyAnnouncement, _ descriptors: [Int32]) {
        do throws(StartFailure) {
            self.proposal = try Proposal(
                announcement, descriptors: descriptors, listeners: self.listeners, log: self.output)
        } catch {
            return self.perform(self.machine.cannotPropose(error.message, at: self.now))
        }
        self.perform(self.machine.proposed(at: self.now))
    }

    func commit(_ version: UInt64) {
        guard let proposal, proposal.announcement.version == version else { return }
        self.proposal = nil
        self.snapshots[self.machine.serving.number] = proposal.snapshots
        self.listeners = proposal.listeners
        self.log.level = proposal.announcement.topology.logLevel
        self.log.format = proposal.announcement.topology.logFormat
        do throws(StartFailure) {
            try self.runFolder?.write(listeners: proposal.listeners.names)
            if try proposal.useLog(self.output) { self.giveLogToAll() }
        } catch {
            self.log.error("configuration is in force but for this", ["reason": .string(error.message)])
        }
    }

    /// Opens the log's file anew: it may have been moved away.
    func reopenLogs(_ operation: OperationList.ID?) {
        var failure: String?
        do throws(StartFailure) {
            let log = try self.output.open(self.output.path)
            try self.output.use(log.number, path: self.output.path)
            self.giveLogToAll()
        } catch {
            failure = error.message
        }
        self.perform(self.machine.reopenedLogs(operation, failure: failure, at: self.now))
    }

    /// Those that were started with another one.
    private func giveLogToAll() {
        for seat in self.children.keys { self.giveLog(seat) }
    }

    func giveLog(_ seat: Seat) {
        self.send(seat, ReopenLogs().frame(), [self.output.number])
    }

    /// What the machine does not know is added, and what does not fit into a packet is left out.
    func report(_ seat: Seat, _ report: TreeReport) {
        var report = report
        report.pid = UInt32(clamping: self.processID)
        report.listeners = self.listeners?.urls ?? []
        for index in report.processes.indices {
            let process = report.processes[index]
            let place = Seat(role: process.role, index: process.index, generation: process.generation)
            guard let child = self.children[place] else { continue }
            report.processes[index].pid = UInt32(clamping: child.process.pid)
        }
        var frame = report.frame()
        while frame.count > Int(FrameType.treeReport.maximumLength), !report.processes.isEmpty {
            report.processes.removeLast(report.processes.count / 2 + 1)
            frame = report.frame()
        }
        try? self.children[seat]?.socket.send(frame)
    }

    func notifyReloading(_ isReloading: Bool) {
        let microseconds = Clocks.monotonicNanoseconds() / 1000
        self.notifier.notify(isReloading ? "RELOADING=1\nMONOTONIC_USEC=\(microseconds)" : "READY=1")
    }
}
