import Domain
import IPC
import Platform

@testable import Supervisor

/// Plays the shell and well-behaved children for a `SupervisorMachine`: numbers processes, keeps what each was sent, and
/// answers only when told to.
struct ModelTree {
    static let build = Array("b".utf8)

    var machine = SupervisorMachine(build: ModelTree.build)
    var now: UInt64 = 100_000
    /// The process in each seat.
    var running: [Seat: UInt32] = [:]
    /// Everything that was done since the last `take`.
    var done: [SupervisorAction] = []
    private var lastInstance: UInt32 = 0
    var answersPreflight = true
    var replacesSupervisor = true
    /// Of the processes of later generations.
    static let nextBuild = Array("c".utf8)
    /// Seats whose processes answer HELLO by themselves.
    var answersHello = true
    /// Why the shell can open nothing of what is proposed.
    var refusesProposals: String?

    static let edges = [Seat(role: .edge, index: 0), Seat(role: .edge, index: 1)]
    static let upstream = Seat(role: .upstream, index: 0)

    static let announcement = TopologyAnnouncement(
        version: 5, host: 9,
        topology: Topology(
            listeners: [ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 0))], edges: 2, upstreams: 1,
            drainTimeout: 60_000,
            stateDirectory: "/state", logLevel: .info))

    /// But for what is counted.
    mutating func take() -> [SupervisorAction] {
        self.takeAll().filter { if case .count = $0 { false } else { true } }
    }

    mutating func takeAll() -> [SupervisorAction] {
        defer { self.done = [] }
        return self.done
    }

    mutating func perform(_ actions: [SupervisorAction]) {
        for action in actions {
            self.done.append(action)
            switch action {
            case .spawn(let seat):
                self.lastInstance += 1
                self.running[seat] = self.lastInstance
                self.perform(self.machine.spawned(seat, instance: self.lastInstance, at: self.now))
                if self.answersHello { self.greet(seat) }
            case .adopt: self.perform(self.machine.listening(at: self.now))
            case .adoptStandby: self.perform(self.machine.standbyAdopted(at: self.now))
            case .preflight where self.answersPreflight:
                for role in UpgradeMachine.asked { self.preflighted(role) }
            case .replaceSupervisor:
                if self.replacesSupervisor {
                    self.perform(self.machine.supervisorReplaced(failure: nil, at: self.now))
                }
            case .propose:
                if let reason = self.refusesProposals {
                    self.perform(self.machine.cannotPropose(reason, at: self.now))
                } else {
                    self.perform(self.machine.proposed(at: self.now))
                }
            case .reopenLogs(let operation):
                self.perform(self.machine.reopenedLogs(operation, failure: nil, at: self.now))
            default: break
            }
        }
    }

    mutating func greet(_ seat: Seat) {
        guard let instance = self.running[seat] else { return }
        let build = seat.generation == 1 ? Self.build : Self.nextBuild
        self.say(seat, Hello(role: seat.role, instance: instance, build: build).frame())
    }

    mutating func preflighted(_ role: Role, _ answer: PreflightAnswer? = PreflightAnswer(build: ModelTree.nextBuild)) {
        self.perform(self.machine.preflighted(role, answer, reason: "it is broken", at: self.now))
    }

    mutating func say(_ seat: Seat, _ frame: [UInt8], descriptors: [Int32] = []) {
        self.perform(self.machine.received(seat, frame, descriptors: descriptors, at: self.now))
    }

    mutating func ready(_ seat: Seat) { self.say(seat, Ready().frame()) }

    mutating func exit(_ seat: Seat, _ status: ChildProcess.Status = .code(0)) {
        self.running[seat] = nil
        self.perform(self.machine.exited(seat, status, at: self.now))
    }

    mutating func order(_ kind: OrderKind, token: UInt64 = 0) {
        self.perform(self.machine.order(kind, token: token, at: self.now))
    }

    mutating func stop(_ how: SupervisorMachine.Stop) {
        self.perform(self.machine.stop(how, at: self.now))
    }

    /// Lets time pass, tick by tick.
    mutating func wait(_ milliseconds: UInt64) {
        let end = self.now + milliseconds
        while self.machine.deadline <= end {
            self.now = max(self.now, self.machine.deadline)
            self.perform(self.machine.tick(at: self.now))
        }
        self.now = end
    }

    /// As `wait`, with these children answering each heartbeat at once.
    mutating func wait(_ milliseconds: UInt64, answering seats: [Seat], activeRequests: UInt32 = 0) {
        let end = self.now + milliseconds
        while self.machine.deadline <= end {
            self.now = max(self.now, self.machine.deadline)
            let before = self.done.count
            self.perform(self.machine.tick(at: self.now))
            for case .sendIfRoom(let seat, let frame) in self.done[before...] where seats.contains(seat) {
                guard let packet = try? Packet(frame, accepting: .child), packet.type == .heartbeat,
                    let beat = try? packet.message(Heartbeat.self)
                else { continue }
                self.say(seat, Heartbeat(sequence: beat.sequence, activeRequests: activeRequests).frame())
            }
        }
        self.now = end
    }

    /// A tree in which everybody is READY.
    static func up() -> ModelTree {
        var tree = ModelTree()
        tree.start()
        for seat in tree.machine.seats { tree.ready(seat) }
        _ = tree.take()
        return tree
    }

    /// Up to the announcement.
    mutating func start() {
        self.perform(self.machine.start(at: self.now))
        self.say(.control, Self.announcement.frame(), descriptors: [50, 51, 52, 53, 54])
    }
}
