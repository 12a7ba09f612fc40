import Domain
import IPC
import EventLog
import Platform

/// Everything the supervisor decides, without any I/O: who is started when, who is linked with whom, who hangs, what
/// happens when somebody ends, and in what order the tree stops.
///
/// Belongs to `SupervisorLoop`, which reports events with the time in monotonic milliseconds and carries out the actions
/// in order. Descriptors go by number: each one reported leaves in exactly one action.
///
/// Life: control is started → it announces the topology → the listeners open → everybody else is started → all are READY →
/// (restarts) → stopping. Whatever a child sends is distrusted: what the protocol does not know gets it killed.
struct SupervisorMachine {
    /// How the tree is asked to stop.
    enum Stop: String, Hashable, Sendable {
        /// Running requests get the drain timeout.
        case drain
        /// They get none, and the whole tree ten seconds.
        case fast
        /// As `fast`, because something cannot start.
        case giveUp
    }

    /// The most processes of one role.
    static let maximumCount: UInt16 = 256
    static let maximumEdgeCount: UInt16 = 200
    static let heartbeatInterval: UInt64 = 1000

    let build: [UInt8]
    /// The generation that takes the requests.
    var serving = Generation(number: 1)
    /// The other one during an upgrade: on stand-by, or draining.
    var other: Generation?
    /// Of all generations.
    var slots: [Seat: ChildSlot] = [.control: ChildSlot()]
    var isListening = false
    var stopping: Stopping?
    var actions: [SupervisorAction] = []
    /// Reported by children since the last beat.
    var brokenLinks: [BrokenLink] = []
    var poison = PoisonLedger()
    var upgrade: UpgradeMachine
    /// What the upgrade that runs was asked for by.
    var upgradeOperation: OperationList.ID?
    /// The newest generation's number.
    var lastGeneration: UInt32 = 1
    /// What the generation that serves reads and writes.
    var formats = SharedFormats.current
    /// What the programs that were asked have said.
    var nextBuild: [UInt8]?
    var nextFormats: SharedFormats?
    /// Times processes were started again in generations that have ended.
    var pastRestarts: [Role: UInt64] = [:]
    var nextBeat: UInt64 = .max
    var startedAt: UInt64 = 0
    var crashes = CrashWindow()
    /// Fingerprints quarantined at the last beat.
    var quarantined = 0
    /// All processes were READY once.
    var wasEverReady = false
    var operations = OperationList()
    var reload = ReloadMachine()
    /// What the reload that runs is about, from the announcement to its end.
    var proposal: TopologyAnnouncement?
    /// A reload was asked for since the last one began, for these operations.
    var isReloadWanted = false
    /// Control wants to put in force what it knows, without the file. Not kept over an upgrade: it says so again.
    var isRefreshWanted = false
    /// Whether the file is read in the reload that runs.
    var readsFile = true
    /// The reload that runs also does what a refresh would: when its file is refused, that remains to be done.
    var isAlsoRefresh = false
    var waitingReloads: [OperationList.ID] = []
    var runningReloads: [OperationList.ID] = []
    var reloadBegan: UInt64 = 0
    /// The most edges that the limit table of this run has places for, in each of two generations.
    var maximumEdges: UInt16 = 1
    /// Seats that are drained and will vanish.
    var retiring: [Seat: Retirement] = [:]
    /// Seats that came for an operation and are not READY yet.
    var growing: [Seat: OperationList.ID] = [:]
    var lastStatusLine = ""
    /// Of the hardening, what was said to be missing.
    var unhardened: Hardening = []
    /// The control process that was told that the tree is ready.
    var informedControl: UInt32?

    /// `build` is this program's. What the children must agree on is their generation's.
    /// `standbyLimit`: milliseconds in which the processes of an upgrade must be READY.
    init(build: [UInt8], standbyLimit: UInt64 = 30_000) {
        self.build = build
        self.upgrade = UpgradeMachine(standbyLimit: standbyLimit)
    }

    /// Begins.
    mutating func start(at now: UInt64) -> [SupervisorAction] {
        self.startedAt = now
        self.nextBeat = now &+ Self.heartbeatInterval
        self.actions.append(.spawn(self.serving.control))
        return self.take()
    }

    /// Goes on in another program, which the one before has become.
    mutating func resumed(at now: UInt64) -> [SupervisorAction] {
        if let id = self.upgradeOperation { self.operations.finish(id, done: "the new programs serve") }
        self.upgradeOperation = nil
        self.actions.append(.note(.upgraded(generation: self.serving.number)))
        self.sendStatus(at: now)
        self.startReload(at: now)
        return self.take()
    }

    // MARK: Processes

    mutating func spawned(_ seat: Seat, instance: UInt32, at now: UInt64) -> [SupervisorAction] {
        self.slots[seat]?.spawned(instance: instance, at: now)
        let host = self.generation(of: seat)?.announcement?.host ?? 0
        let hello = Hello(role: seat.role, instance: instance, host: host, build: self.build)
        self.actions.append(.note(.spawned(seat, instance: instance)))
        self.actions.append(.send(seat, hello.frame()))
        return self.take()
    }

    mutating func spawnFailed(_ seat: Seat, reason: String, at now: UInt64) -> [SupervisorAction] {
        guard self.stopping == nil else {
            self.slots[seat]?.over()
            self.advanceStop(at: now)
            return self.take()
        }
        if self.upgradeTakesSpawnFailure(seat, reason, at: now) { return self.take() }
        // A program that has never run here is broken; one that has will run again when there is memory.
        guard self.wasEverReady || self.slots[seat]?.instance != 0 else {
            self.actions.append(.say("sluice: \(reason)"))
            self.beginStop(.giveUp, code: ExitCode.cannotStart, at: now)
            return self.take()
        }
        let delay = self.slots[seat]?.ended(at: now, refused: false) ?? 0
        self.actions.append(.note(.spawnFailed(seat, reason: reason, retryIn: delay)))
        return self.take()
    }

    mutating func exited(_ seat: Seat, _ status: ChildProcess.Status, at now: UInt64) -> [SupervisorAction] {
        guard var slot = self.slots[seat], slot.isAlive else { return [] }
        let refusal = Self.refusal(status)
        let member = ReloadMachine.Member(seat: seat, instance: slot.instance)
        self.perform(self.reload.gone(member, refusedToStart: refusal != nil, at: now), at: now)
        if let stopping {
            let isAsked = stopping.code == ExitCode.done
            if isAsked { self.actions.append(.note(.endedAsAsked(seat, instance: slot.instance, status))) }
            self.slots[seat]?.over()
            self.advanceStop(at: now)
            return self.take()
        }
        if self.upgradeTakesEnd(seat, status, at: now) { return self.take() }
        if let code = refusal, !slot.wasEverReady, !self.wasEverReady {
            self.slots[seat]?.over()
            self.giveUp(seat, code, at: now)
            return self.take()
        }
        if refusal != nil, let id = self.growing.removeValue(forKey: seat) {
            self.operations.finish(id, failed: "the new process cannot start; the log says why")
            self.retire(seat, operation: nil, at: now)
        }
        if self.retiring[seat] != nil {
            self.actions.append(.note(.endedAsAsked(seat, instance: slot.instance, status)))
            self.inquire(seat, instance: slot.instance, status)
            self.vanish(seat)
            self.sendStatus(at: now)
            return self.take()
        }
        let delay = slot.ended(at: now, refused: refusal != nil)
        self.slots[seat] = slot
        self.actions.append(.note(.ended(seat, instance: slot.instance, status, restartIn: delay)))
        self.inquire(seat, instance: slot.instance, status)
        if self.crashes.crashed(at: now) {
            self.actions.append(.note(.degraded(true)))
        }
        self.sendStatus(at: now)
        return self.take()
    }

    /// The exit code of a process that cannot start: it said so (70…79), or could not even be loaded (126, 127).
    private static func refusal(_ status: ChildProcess.Status) -> Int32? {
        guard case .code(let code) = status else { return nil }
        return ExitCode.meansCannotStart(code) || code == 126 || code == 127 ? code : nil
    }

    /// Its control socket has ended: it is about to end, or should be.
    mutating func lineEnded(_ seat: Seat, at now: UInt64) -> [SupervisorAction] {
        self.slots[seat]?.lineEnded(at: now)
        return self.take()
    }

    /// Its control socket takes no more: it does not read.
    mutating func lineFull(_ seat: Seat) -> [SupervisorAction] {
        self.kill(seat, "it does not read what it is sent")
        return self.take()
    }

    // MARK: Listeners

    /// The listeners are open: everybody else can start.
    mutating func listening(at now: UInt64) -> [SupervisorAction] {
        guard let topology = self.announcement?.topology, self.stopping == nil else { return [] }
        self.isListening = true
        self.maximumEdges = min(max(topology.edges, topology.maximumEdges), Self.maximumEdgeCount)
        self.serving.populate(topology)
        for seat in self.serving.seats where self.slots[seat] == nil {
            self.slots[seat] = ChildSlot()
            self.actions.append(.spawn(seat))
        }
        return self.take()
    }

    mutating func cannotListen(_ reason: String, at now: UInt64) -> [SupervisorAction] {
        self.actions.append(.say(reason))
        self.beginStop(.giveUp, code: ExitCode.cannotStart, at: now)
        return self.take()
    }

    // MARK: Time

    /// When `tick` is to be called next.
    var deadline: UInt64 {
        let slots = self.slots.values.compactMap(\.deadline).min() ?? .max
        return min(
            self.nextBeat, slots, self.stopping?.deadline ?? .max, self.crashes.deadline ?? .max,
            self.reload.deadline ?? .max, self.retirementDeadline, self.upgrade.deadline ?? .max)
    }

    mutating func tick(at now: UInt64) -> [SupervisorAction] {
        for seat in self.seats {
            switch self.slots[seat]?.due(at: now) {
            case .start: self.actions.append(.spawn(seat))
            case .neverReady: self.end(seat, SupervisorNote.neverReady)
            case .stillAlive: self.endLate(seat)
            case nil: break
            }
        }
        self.perform(self.reload.tick(at: now), at: now)
        self.retireTick(at: now)
        if self.crashes.cleared(at: now) {
            self.actions.append(.note(.degraded(false)))
        }
        if now >= self.nextBeat {
            self.nextBeat = now &+ Self.heartbeatInterval
            self.quarantined = self.poison.quarantined(at: now).count
            self.beat(at: now)
            self.mendLinks()
            // Whatever held it back may be over.
            self.startReload(at: now)
            self.sendStatus(at: now)
        }
        self.upgradeTick(at: now)
        self.stopTick(at: now)
        return self.take()
    }

    private mutating func beat(at now: UInt64) {
        let edges = self.serving.seats.filter { $0.role == .edge && self.slots[$0]?.state == .ready }
            .map { self.slots[$0]?.activeRequests ?? 0 }
        let total = edges.reduce(UInt64(0)) { $0 &+ UInt64($1) }
        let count = UInt64(max(1, edges.count))
        let mean = UInt32(clamping: (total &+ count &- 1) / count)
        for seat in self.seats {
            guard var slot = self.slots[seat], slot.isReachable, slot.state != .handshaking else { continue }
            if slot.silentBeats > 0 { self.actions.append(.beatMissed(seat.role)) }
            if let sequence = slot.nextBeat() {
                let beat = Heartbeat(sequence: sequence, activeRequests: seat.role == .edge ? mean : 0)
                self.actions.append(.sendIfRoom(seat, beat.frame()))
            } else {
                slot.aborting(at: now)
                self.actions.append(.note(.unresponsive(seat, instance: slot.instance)))
                self.actions.append(.signal(seat, Self.abort))
            }
            self.slots[seat] = slot
        }
    }

    // MARK: For all parts

    static let abort: Int32 = 6
    static let kill: Int32 = 9

    mutating func take() -> [SupervisorAction] {
        defer { self.actions = [] }
        return self.actions
    }

    /// Kills a child whose word is worth nothing any more.
    mutating func kill(_ seat: Seat, _ reason: String) {
        self.end(seat) { .malformed($0, instance: $1, reason) }
    }

    /// Kills a child that should have ended.
    mutating func endLate(_ seat: Seat) {
        self.end(seat, SupervisorNote.doesNotEnd)
    }

    private mutating func end(_ seat: Seat, _ note: (Seat, UInt32) -> SupervisorNote) {
        guard let slot = self.slots[seat], slot.isAlive, slot.state != .killed else { return }
        self.slots[seat]?.killed()
        self.actions.append(.note(note(seat, slot.instance)))
        self.actions.append(.signal(seat, Self.kill))
    }

    /// A child has become READY.
    mutating func childIsReady(_ seat: Seat, _ slot: ChildSlot, at now: UInt64) {
        self.actions.append(.note(.ready(seat, instance: slot.instance, afterMilliseconds: slot.age(at: now))))
        if seat.role == .edge { self.actions.append(.restoreBacklogs) }
        if let id = self.growing.removeValue(forKey: seat) { self.operations.finish(id, done: "it is ready") }
        defer { self.sendStatus(at: now) }
        guard seat.generation == self.serving.number else { return self.standbyIsReady(at: now) }
        if seat.role == .control { self.startReload(at: now) }
        let isReady = self.serving.seats.allSatisfy { self.retiring[$0] != nil || self.slots[$0]?.state == .ready }
        guard self.isListening, isReady else { return }
        if !self.wasEverReady {
            self.wasEverReady = true
            self.actions.append(.treeIsReady)
            self.startReload(at: now)
        }
        self.noteHardening()
        let control = self.serving.control
        guard let instance = self.slots[control]?.instance, instance != self.informedControl else { return }
        self.informedControl = instance
        self.actions.append(.send(control, Ready().frame()))
        self.actions.append(.giveLog(control))
    }

    /// One line for all processes; another one only if more should be missing later.
    private mutating func noteHardening() {
        let missing = self.slots.values.reduce(into: Hardening()) { $0.formUnion($1.missing) }
        guard !missing.isSubset(of: self.unhardened) else { return }
        self.unhardened.formUnion(missing)
        self.actions.append(.note(.hardeningMissing(missing)))
    }

    private mutating func giveUp(_ seat: Seat, _ code: Int32, at now: UInt64) {
        // Control has said itself what is wrong with the configuration, and its code says of what kind that is.
        let saysItself = seat.role == .control && ExitCode.meansCannotStart(code)
        if !saysItself { self.actions.append(.say("sluice: \(seat.role.program) cannot start (exit \(code))")) }
        self.beginStop(.giveUp, code: saysItself ? code : ExitCode.cannotStart, at: now)
    }
}
