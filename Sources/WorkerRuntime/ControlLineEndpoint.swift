public import Domain
public import IPC
public import EventLog
public import Metrics
public import Platform

/// A worker's end of the line to the supervisor, on the role's event loop: feeds packets to the `WorkerMachine` and carries
/// out what it says.
///
/// Non-Sendable: made and used on the role's loop only, so that heartbeats are answered from there. It borrows the socket
/// (`PacketSender`) and owns each descriptor that arrives until the role has it.
public final class ControlLineEndpoint {
    private struct Unsent {
        var frame: [UInt8]
        /// Duplicates, owned here.
        var descriptors: [Int32]
    }

    /// Bytes of the largest snapshot a role takes.
    public static let snapshotLimit = 64 << 20
    private static let unsentLimit = 64

    private var machine: WorkerMachine
    private let sender: PacketSender
    private let log: Log
    private let exit: (Int32) -> Void
    /// Where the process counts.
    public let page: MetricPage
    private var processMetrics: ProcessMetrics
    private let errorDescriptor: Int32
    private var unsent: [Unsent] = []
    /// What of the process's hardening could not be had; told with READY.
    public var missing: Hardening = []
    /// The role; to be set before the first packet.
    public var role: (any WorkerRole)?

    /// `exit` ends the process; it is called once. `errorDescriptor` is what the log is written to.
    public init(
        machine: WorkerMachine, sender: PacketSender, log: Log, errorDescriptor: Int32 = 2,
        page: MetricPage = MetricPage(), exit: @escaping (Int32) -> Void
    ) {
        self.machine = machine
        self.sender = sender
        self.log = log
        self.errorDescriptor = errorDescriptor
        self.page = page
        self.processMetrics = ProcessMetrics(page, role: machine.role)
        self.exit = exit
    }

    // MARK: From the socket

    /// Something arrived on the line (`.empty` does nothing).
    public func received(_ received: PacketSocket.Received) {
        self.sendRest()
        switch received {
        case .empty: break
        case .ended: self.perform(self.machine.ended())
        case .oversized: self.perform(self.machine.receivedOversized())
        case .packet(let bytes, let descriptors):
            // A heartbeat comes every second.
            self.log.sayLosses()
            let active = self.role?.activeRequests ?? 0
            self.perform(self.machine.received(bytes, descriptors: descriptors, activeRequests: active))
        }
    }

    // MARK: From the role

    /// The role has its snapshot and links and can work.
    public func ready() {
        self.perform(self.machine.ready(missing: self.missing))
    }

    /// The answer to a snapshot for which the role said `.later`: in force, or why not (for people).
    public func acknowledge(version: UInt64, refusal: String? = nil) {
        self.perform(self.machine.acknowledged(version: version, refusal: refusal))
    }

    /// The role has nothing left to do: the process exits with 0.
    public func drained() {
        self.perform(self.machine.drained())
    }

    /// The role cannot go on: the reason is said and the process exits with `code`.
    public func fail(_ failure: StartFailure) {
        self.perform(self.machine.failed(failure.code, failure.message))
    }

    /// A link has ended. If its peer lives on (the link broke, not the process), the supervisor makes a new one.
    public func linkEnded(_ link: LinkOffer) {
        self.send(link.frame(), [])
    }

    /// What was in flight at a worker that died.
    public func answer(_ suspects: Suspects) {
        self.send(suspects.frame(), [])
    }

    /// Asks that requests of a fingerprint be let through again. Only control does.
    public func release(fingerprint: UInt64) {
        self.send(Quarantine(fingerprint: fingerprint, milliseconds: 0).frame(), [])
    }

    /// What an operator asks of the tree. Only control does.
    public func order(_ order: Order) {
        self.send(order.frame(), [])
    }

    /// Control's answer to a reload that it cannot do.
    public func reloadRefused(_ refusal: ReloadRefused) {
        self.send(refusal.frame(), [])
    }

    /// Control's answer to its start, and to a reload. `descriptors` stay the caller's.
    public func announce(_ topology: TopologyAnnouncement, descriptors: [Int32]) {
        self.send(topology.frame(), descriptors)
    }

    // MARK: Actions

    private func perform(_ actions: [WorkerMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let frame): self.send(frame, [])
            case .start(let hello): self.role?.start(hello: hello)
            case .snapshot(let version, let descriptor): self.take(snapshot: descriptor, version: version)
            case .link(let offer, let descriptor, let area): self.take(link: offer, descriptor, area)
            case .drain(let timeout, let lastResort): self.drain(timeout, lastResort)
            case .count: self.count()
            case .meanActiveRequests(let mean): self.role?.meanActiveRequests(mean)
            case .metricPages(let offer, let descriptors): self.take(pages: offer, descriptors)
            case .ownerDead(let message): self.role?.receive(ownerDead: message)
            case .quarantine(let message): self.role?.receive(quarantine: message)
            case .activate: self.role?.activate()
            case .listeners(let offer, let descriptors): self.take(listeners: offer, descriptors)
            case .reopenLogs(let descriptor): self.reopenLogs(descriptor)
            case .reload(let request): self.role?.receive(reload: request)
            case .reloadRefused(let refusal): self.role?.receive(reloadRefused: refusal)
            case .report(let report): self.role?.receive(report: report)
            case .giveMemoryBack:
                self.role?.giveMemoryBack()
                ProcessMemory.giveBack()
            case .close(let descriptors): descriptors.forEach(Self.close)
            case .exit(let code, let reason): self.leave(code, reason)
            }
        }
    }

    private func take(snapshot descriptor: Int32, version: UInt64) {
        let owned = OwnedDescriptor(adopting: descriptor)
        do throws(SystemError) {
            let bytes = try SealedMemory.read(owned.number, limit: Self.snapshotLimit)
            switch self.role?.receive(snapshot: bytes, version: version) ?? .refused("there is no role") {
            case .inForce: self.acknowledge(version: version)
            case .refused(let reason): self.acknowledge(version: version, refusal: reason)
            case .later: break
            }
        } catch {
            self.acknowledge(version: version, refusal: "it cannot be read: \(error)")
        }
    }

    private func take(listeners offer: ListenerOffer, _ descriptors: [Int32]) {
        guard let role = self.role else { return descriptors.forEach(Self.close) }
        role.receive(listeners: offer, descriptors: descriptors)
    }

    private func take(pages offer: MetricPageOffer, _ descriptors: [Int32]) {
        guard let role = self.role else { return descriptors.forEach(Self.close) }
        role.receive(pages: offer, descriptors: descriptors)
    }

    /// Brings the metric page up to date where it does not follow by itself.
    private func count() {
        self.processMetrics.update(droppedLines: self.log.droppedLines)
        self.role?.count()
    }

    private func reopenLogs(_ descriptor: Int32) {
        do throws(SystemError) {
            try StandardError.replace(with: descriptor, number: self.errorDescriptor)
        } catch {
            self.log.error("the log cannot be reopened", ["error": .string("\(error)")])
        }
        Self.close(descriptor)
    }

    private func take(link offer: LinkOffer, _ descriptor: Int32, _ area: Int32?) {
        guard let role = self.role else { return [descriptor, area].compactMap { $0 }.forEach(Self.close) }
        role.receive(link: offer, descriptor: descriptor, area: area)
    }

    private func drain(_ timeout: UInt64, _ lastResort: UInt64?) {
        if let lastResort {
            self.log.warning("supervisor has gone, draining", ["timeout_ms": .unsigned(timeout)])
            ProcessHardening.limitLife(seconds: UInt32(clamping: lastResort / 1000 + 1))
        } else {
            self.log.info("draining", ["timeout_ms": .unsigned(timeout)])
        }
        guard let role = self.role else { return self.perform(self.machine.drained()) }
        if lastResort == nil { role.drain(timeout: timeout) } else { role.supervisorHasGone(timeout: timeout) }
    }

    private func leave(_ code: Int32, _ reason: String?) {
        self.processMetrics.update(droppedLines: self.log.droppedLines)
        if let reason { self.log.error("worker stops", ["reason": .string(reason), "exit": .int(code)]) }
        self.exit(code)
    }

    // MARK: Sending

    /// What the socket does not take now is kept and sent with the next packet that arrives: the supervisor reads within
    /// a second or is gone.
    private func send(_ frame: [UInt8], _ descriptors: [Int32]) {
        guard self.unsent.isEmpty else { return self.keep(frame, descriptors) }
        do {
            try self.sender.send(frame, descriptors: descriptors)
        } catch {
            // A supervisor that has gone is noticed by the end of the socket.
            if error.isWouldBlock { self.keep(frame, descriptors) }
        }
    }

    private func keep(_ frame: [UInt8], _ descriptors: [Int32]) {
        guard self.unsent.count < Self.unsentLimit else { return }
        let duplicates = descriptors.compactMap { OwnedDescriptor.duplicate(of: $0)?.release() }
        self.unsent.append(Unsent(frame: frame, descriptors: duplicates))
    }

    private func sendRest() {
        while let next = self.unsent.first {
            do {
                try self.sender.send(next.frame, descriptors: next.descriptors)
            } catch {
                if error.isWouldBlock { return }
            }
            next.descriptors.forEach(Self.close)
            self.unsent.removeFirst()
        }
    }

    private static func close(_ descriptor: Int32) {
        _ = OwnedDescriptor(adopting: descriptor)
    }
}
