import Domain
import IPC
import Platform

@testable import Supervisor

/// A tree in which a reload runs step by step, with children that answer as the protocol says unless they are told otherwise.
struct ReloadScene {
    /// What is about to happen.
    enum Event: Hashable {
        case controlAnswers(UInt64)
        case acknowledges(Seat, instance: UInt32, version: UInt64)
        case becomesReady(Seat, instance: UInt32)
    }

    var tree: ModelTree
    var queue: [Event] = []
    /// The snapshot each process works with.
    var holds: [ReloadMachine.Member: UInt64] = [:]
    /// The actions so far.
    var seen: [SupervisorAction] = []
    var topology = ModelTree.announcement.topology

    init() {
        self.tree = ModelTree.up()
        for (seat, instance) in self.tree.running where seat.role != .control {
            self.holds[.init(seat: seat, instance: instance)] = 5
        }
    }

    /// What the machine wanted becomes events.
    mutating func settle() {
        while true {
            let actions = self.tree.take()
            if actions.isEmpty { return }
            self.seen += actions
            for action in actions { self.follow(action) }
        }
    }

    private mutating func follow(_ action: SupervisorAction) {
        switch action {
        case .send(let seat, let frame):
            guard let packet = try? Packet(frame, accepting: .child) else { return }
            if packet.type == .reload, let request = try? packet.message(ReloadRequest.self) {
                self.queue.append(.controlAnswers(request.version))
            }
            if packet.type == .drain {
                // It has nothing to finish.
                self.tree.exit(seat)
            }
        case .sendSnapshot(let seat, let version):
            guard let instance = self.tree.running[seat] else { return }
            self.queue.append(.acknowledges(seat, instance: instance, version: version))
        case .note(.spawned(let seat, let instance)):
            self.queue.append(.becomesReady(seat, instance: instance))
        case .signal(let seat, SupervisorMachine.kill): self.tree.exit(seat, .signal(9))
        default: break
        }
    }

    var announcement: TopologyAnnouncement {
        TopologyAnnouncement(version: 0, host: ModelTree.announcement.host, topology: self.topology)
    }

    mutating func happen(_ event: Event) {
        switch event {
        case .controlAnswers(let version):
            var answer = self.announcement
            answer.version = version
            self.tree.say(.control, answer.frame(), descriptors: [60, 61, 62, 63, 64])
        case .acknowledges(let seat, let instance, let version):
            guard self.tree.running[seat] == instance else { return }
            self.holds[.init(seat: seat, instance: instance)] = version
            self.tree.say(seat, SnapshotAcknowledged(version: version).frame())
        case .becomesReady(let seat, let instance):
            guard self.tree.running[seat] == instance else { return }
            if seat.role == .control {
                var again = self.announcement
                again.version = self.tree.machine.announcement?.version ?? 0
                self.tree.say(seat, again.frame(), descriptors: [70, 71, 72, 73, 74])
            }
            self.tree.ready(seat)
        }
        self.settle()
    }

    /// Everything that is about to happen does, and what comes of it, until nothing is left; then time passes.
    mutating func finish() {
        for _ in 0..<70 {
            self.settle()
            while !self.queue.isEmpty { self.happen(self.queue.removeFirst()) }
            let before = self.tree.done.count
            self.tree.wait(1000, answering: Array(self.tree.running.keys))
            _ = before
            self.settle()
        }
    }

    /// What is wrong with the end of it.
    var faults: [String] {
        var faults: [String] = []
        let machine = self.tree.machine
        if machine.reload.isRunning { faults.append("it still runs") }
        if machine.proposal != nil { faults.append("a proposal is left") }
        let version = machine.announcement?.version ?? 0
        for (seat, instance) in self.tree.running where seat.role != .control && machine.stopping == nil {
            let held = self.holds[.init(seat: seat, instance: instance)] ?? 0
            if held != version { faults.append("\(seat.role.label) \(instance) works with \(held), not \(version)") }
        }
        for kind in OrderKind.allCases where !machine.operations.running(kind).isEmpty {
            if machine.stopping == nil { faults.append("\(kind.label) is never finished") }
        }
        let (began, ended) = (self.count(.reloading(true)), self.count(.reloading(false)))
        if began != ended { faults.append("\(began) began, \(ended) ended") }
        var open: Set<UInt64> = []
        for action in self.seen {
            switch action {
            case .propose(let announcement, _): open.insert(announcement.version)
            case .commit(let version), .drop(let version):
                if open.remove(version) == nil { faults.append("\(version) is closed twice") }
            default: break
            }
        }
        if !open.isEmpty && self.tree.refusesProposals == nil { faults.append("\(open) stay open") }
        return faults
    }

    func count(_ action: SupervisorAction) -> Int { self.seen.count { $0 == action } }

    /// The reasons of reloads that have failed.
    var failures: [String] {
        self.seen.compactMap { if case .note(.reloadFailed(let reason)) = $0 { reason } else { nil } }
    }

    /// What control was told.
    var told: [ReloadRefused] {
        self.seen.compactMap {
            guard case .send(.control, let frame) = $0, let packet = try? Packet(frame, accepting: .child) else {
                return nil
            }
            return packet.type == .reloadRefused ? try? packet.message() : nil
        }
    }
}
