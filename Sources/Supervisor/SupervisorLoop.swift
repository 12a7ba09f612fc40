import Domain
import IPC
import EventLog
import Platform

/// The supervisor's shell: carries out what `SupervisorMachine` decides, on one epoll loop in the process's only thread.
///
/// Owns the children's processes and lines, the listeners, the snapshots and the instance file. It reports every event to
/// the machine with the time, does the actions in order, and keeps one timer at the machine's next deadline.
final class SupervisorLoop: DescriptorHandler {
    let loop: EpollLoop
    let spawner: Spawner
    private let signals: SignalDescriptor
    let notifier: ServiceNotifier
    var log: Log
    let output: LogOutput
    let processID: Int32
    private let say: (String) -> Void
    var machine: SupervisorMachine
    var children: [Seat: ChildConnection] = [:]
    var listeners: ListenerSet?
    /// By generation.
    var snapshots: [UInt32: SnapshotStore] = [:]
    /// What a reload is about to put in force.
    var proposal: Proposal?
    var instances: InstanceFile?
    var runFolder: RunFolder?
    var pages = MetricPages()
    var metrics = SupervisorMetrics()
    private var timer: LoopTimer?
    private var watchdog: LoopTimer?
    private var exitCode: Int32?
    /// By generation.
    var programs: [UInt32: ProgramFiles] = [:]
    /// Those that are asked whether they can take over, and the asking.
    var nextPrograms: ProgramFiles?
    var preflights: [PreflightRun] = []
    /// Variables of the supervisor's own, for the program that replaces it.
    let ownEnvironment: [String]
    /// Another program of this process has begun all this.
    var isResumed = false

    /// `say` writes a line for people.
    init(
        spawner: Spawner, signals: SignalDescriptor, notifier: ServiceNotifier, log: Log, output: LogOutput,
        processID: Int32, build: [UInt8], ownEnvironment: [String] = [], standbyLimit: UInt64 = 30_000,
        say: @escaping (String) -> Void
    ) throws(SystemError) {
        self.loop = try EpollLoop()
        self.spawner = spawner
        self.signals = signals
        self.notifier = notifier
        self.log = log
        self.output = output
        self.processID = processID
        self.say = say
        self.ownEnvironment = ownEnvironment
        self.machine = SupervisorMachine(build: build, standbyLimit: standbyLimit)
    }

    /// Runs the tree until it has stopped; returns the exit code.
    func run() throws(SystemError) -> Int32 {
        try self.loop.watch(self.signals.number, for: .readable, handler: self)
        self.beatWatchdog()
        self.openOwnPage()
        if self.isResumed {
            self.perform(self.machine.resumed(at: self.now))
        } else {
            self.perform(self.machine.start(at: self.now))
        }
        self.arm()
        // It may be over before the loop has begun: a program that cannot even be started.
        if self.exitCode == nil { try self.loop.run() }
        self.runFolder?.clear()
        return self.exitCode ?? ExitCode.cannotStart
    }

    /// Monotonic milliseconds.
    var now: UInt64 { Clocks.monotonicNanoseconds() / 1_000_000 }

    // MARK: Events

    /// Signals.
    func ready(_ fd: Int32, _ readiness: Readiness) {
        while let signal = self.signals.next() {
            guard let known = SupervisorSignal(rawValue: signal) else { continue }
            if known == .child { self.reapAll() }
            if let order = known.order { self.perform(self.machine.order(order, token: 0, at: self.now)) }
        }
        self.arm()
    }

    /// A child has ended.
    func ended(_ child: ChildConnection, _ status: ChildProcess.Status) {
        guard self.children[child.seat] === child else { return }
        child.close()
        self.children[child.seat] = nil
        self.pages.ended(child.seat)
        self.perform(self.machine.exited(child.seat, status, at: self.now))
        self.arm()
    }

    /// Something came from a child.
    func received(_ received: PacketSocket.Received, from child: ChildConnection) {
        let seat = child.seat
        switch received {
        case .empty: return
        case .packet(let bytes, let descriptors):
            self.perform(self.machine.received(seat, bytes, descriptors: descriptors, at: self.now))
        case .ended: self.perform(self.machine.lineEnded(seat, at: self.now))
        case .oversized: self.perform(self.machine.receivedOversized(seat))
        }
        self.arm()
    }

    /// As pid 1, strangers' orphans end here too and must not stay as zombies.
    private func reapAll() {
        while let (pid, status) = ChildProcess.reapAny() {
            if let child = self.children.values.first(where: { $0.process.pid == pid }) {
                self.ended(child, status)
            } else if let run = self.preflights.first(where: { $0.pid == pid }) {
                run.ended(status)
            }
        }
    }

    private func tick() {
        self.log.sayLosses()
        self.metrics.beat(droppedLines: self.log.droppedLines)
        self.perform(self.machine.tick(at: self.now))
        self.arm()
    }

    func arm() {
        let (now, deadline) = (
            Clocks.monotonicNanoseconds(), self.machine.deadline.multipliedReportingOverflow(by: 1_000_000)
        )
        let delay = deadline.overflow ? 3_600_000_000_000 : deadline.partialValue - min(now, deadline.partialValue)
        if let timer {
            self.loop.reschedule(timer, after: delay)
        } else {
            self.timer = self.loop.schedule(after: delay) { [weak self] in self?.tick() }
        }
    }

    private func beatWatchdog() {
        guard let interval = self.notifier.watchdogInterval else { return }
        self.notifier.notify("WATCHDOG=1")
        self.watchdog = self.loop.schedule(after: interval) { [weak self] in self?.beatWatchdog() }
    }

    // MARK: Actions

    func perform(_ actions: [SupervisorAction]) {
        for action in actions {
            switch action {
            case .spawn(let seat): self.spawn(seat)
            case .send(let seat, let frame): self.send(seat, frame, [])
            case .sendIfRoom(let seat, let frame): try? self.children[seat]?.socket.send(frame)
            case .sendSnapshot(let seat, let version):
                guard let number = self.snapshot(seat, version) else { continue }
                self.send(seat, SnapshotNotice(version: version).frame(), [number])
            case .sendListeners(let seat, let version): self.sendListeners(seat, version)
            case .link(let a, let aInstance, let b, let bInstance): self.link(a, aInstance, b, bInstance)
            case .signal(let seat, let signal): self.children[seat]?.process.kill(signal)
            case .adopt(let announcement, let descriptors): self.adopt(announcement, descriptors)
            case .close(let descriptors): for number in descriptors { _ = OwnedDescriptor(adopting: number) }
            case .preflight: self.startPreflight()
            case .stopPreflight: self.stopPreflight()
            case .forgetPrograms: self.nextPrograms = nil
            case .forgetGeneration(let generation): self.forget(generation: generation)
            case .adoptStandby(let generation, let announcement, let descriptors):
                self.adoptStandby(generation, announcement, descriptors)
            case .replaceSupervisor: self.replaceSupervisor()
            case .restoreBacklogs: self.listeners?.restoreBacklogs()
            case .closeListeners: self.listeners = nil
            case .propose(let announcement, let descriptors): self.propose(announcement, descriptors)
            case .commit(let version): self.commit(version)
            case .drop(let version): if self.proposal?.announcement.version == version { self.proposal = nil }
            case .reopenLogs(let operation): self.reopenLogs(operation)
            case .giveLog(let seat): if self.output.path != nil { self.giveLog(seat) }
            case .report(let seat, let report): self.report(seat, report)
            case .treeIsReady:
                self.log.info("ready", ["addresses": .list(self.listeners?.names ?? [])])
                self.notifier.notify("READY=1")
            case .treeIsStopping: self.notifier.notify("STOPPING=1\nSTATUS=stopping")
            // After STOPPING=1 nothing is to say READY=1.
            case .reloading(let isReloading): if self.machine.stopping == nil { self.notifyReloading(isReloading) }
            case .statusLine(let line): self.notifier.notify("STATUS=\(line)")
            case .sendPages(let seat): self.send(pages: self.pages.entries, to: seat)
            case .count(let figures): self.metrics.update(figures)
            case .beatMissed(let role): self.metrics.missedBeat(role)
            case .note(let note):
                self.metrics.noted(note)
                note.write(to: self.log)
            case .say(let line): self.say(line)
            case .exit(let code):
                self.exitCode = code
                self.loop.stop()
            }
        }
    }

    private func spawn(_ seat: Seat) {
        // It may have been given up by an action before this one.
        switch self.machine.slots[seat]?.state {
        case .vacant, .waiting: break
        default: return
        }
        do throws(StartFailure) {
            // Control's first process makes the instance file, so its number is a provisional one.
            let instance = try self.instances?.next() ?? 1
            do throws(SystemError) {
                try self.start(seat, instance)
            } catch {
                throw StartFailure("cannot \(error)")
            }
            self.perform(self.machine.spawned(seat, instance: instance, at: self.now))
        } catch {
            self.perform(self.machine.spawnFailed(seat, reason: error.message, at: self.now))
        }
    }

    private func start(_ seat: Seat, _ instance: UInt32) throws(SystemError) {
        let pair = try SocketPair(.packets)
        var inheritance: Spawner.Inheritance?
        // A new generation's first control gets the configuration that is in force in the one before.
        let inForce = self.snapshots[seat.generation] ?? self.snapshots[self.machine.serving.number]
        if let snapshots = inForce, let instances = self.instances {
            inheritance = .init(inForce: snapshots.inForce.number, instanceFile: instances.number)
        }
        let page = self.page(of: seat)
        let process = try self.spawner.start(
            seat, program: self.program(of: seat), instance: instance, line: pair.second.number, page: page,
            isOnStandby: self.machine.isOnStandby(seat), inheritance: inheritance,
            topology: self.machine.announcement?.topology)
        do throws(SystemError) {
            self.children[seat] = try ChildConnection(
                seat: seat, process: process, socket: PacketSocket(pair.first), loop: self.loop, owner: self)
            self.pages.began(seat, instance: instance)
        } catch {
            process.kill(SupervisorMachine.kill)
            process.waitForEnd()
            throw error
        }
    }

    func send(_ seat: Seat, _ frame: [UInt8], _ descriptors: [Int32]) {
        guard let child = self.children[seat] else { return }
        do {
            try child.socket.send(frame, descriptors: descriptors)
        } catch {
            // A child that has gone is noticed by its end.
            if error.isWouldBlock { self.perform(self.machine.lineFull(seat)) }
        }
    }

    private func link(_ a: Seat, _ aInstance: UInt32, _ b: Seat, _ bInstance: UInt32) {
        do {
            let parts = try LinkParts(between: a.role, and: b.role)
            if let failure = parts.areaFailure {
                self.log.warning("two processes share no memory", ["reason": .string("\(failure)")])
            }
            withExtendedLifetime(parts) {
                self.send(a, LinkOffer(role: b.role, instance: bInstance).frame(), parts.first)
                self.send(b, LinkOffer(role: a.role, instance: aInstance).frame(), parts.second)
            }
        } catch {
            // Without its links the newcomer would never be READY: it is started again when there may be room.
            self.log.error("cannot link two processes", ["reason": .string("\(error)")])
            self.perform(self.machine.lineFull(a))
        }
    }

    private func adopt(_ announcement: TopologyAnnouncement, _ descriptors: [Int32]) {
        do throws(StartFailure) {
            guard let last = descriptors.last, let store = SnapshotStore(adopting: descriptors.dropLast()) else {
                throw StartFailure("control announced no snapshots")
            }
            self.snapshots[self.machine.serving.number] = store
            self.instances = try InstanceFile(OwnedDescriptor(adopting: last), host: announcement.host)
            let topology = announcement.topology
            self.log.level = topology.logLevel
            self.log.format = topology.logFormat
            let listeners = try ListenerSet(topology.listeners)
            self.listeners = listeners
            let folder = try RunFolder(stateDirectory: topology.stateDirectory)
            self.runFolder = folder
            try folder.write(listeners: listeners.names)
            try folder.write(processID: self.processID)
            if let path = topology.logFile { try self.output.use(self.output.open(path), path: path) }
        } catch {
            return self.perform(self.machine.cannotListen("sluice: \(error.message)", at: self.now))
        }
        self.perform(self.machine.listening(at: self.now))
    }
}
