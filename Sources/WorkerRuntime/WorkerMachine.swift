public import Domain
public import IPC
import EventLog

/// A worker's side of its conversation with the supervisor, without any I/O.
///
/// Belongs to a `ControlLineEndpoint`, which feeds it packets and carries out the actions in order. States: waiting for
/// HELLO → working → draining → over. Descriptors go in and out by number only: each one that comes in leaves in exactly
/// one action. Whatever the supervisor sends that the protocol does not know ends the process: nothing can be trusted then.
public struct WorkerMachine: Sendable {
    /// What to do next.
    public enum Action: Hashable, Sendable {
        case send([UInt8])
        /// Start the role.
        case start(Hello)
        /// Read the sealed memory, close it, give it to the role; exit with `snapshotRefused` when it cannot be used.
        case snapshot(version: UInt64, descriptor: Int32)
        /// With the memory that both ends share, if there is any.
        case link(LinkOffer, descriptor: Int32, area: Int32?)
        /// `lastResort` milliseconds from now the process ends even if its loop hangs; nil while a supervisor watches.
        case drain(timeout: UInt64, lastResort: UInt64?)
        case meanActiveRequests(UInt32)
        case metricPages(MetricPageOffer, descriptors: [Int32])
        /// Bring the metric page up to date.
        case count
        case ownerDead(OwnerDead)
        case quarantine(Quarantine)
        case activate
        case listeners(ListenerOffer, descriptors: [Int32])
        /// Put the descriptor in the place of standard error, and close it.
        case reopenLogs(descriptor: Int32)
        case reload(ReloadRequest)
        case reloadRefused(ReloadRefused)
        case report(TreeReport)
        /// Give memory that is not used back to the kernel.
        case giveMemoryBack
        case close([Int32])
        /// With a reason for the log unless all is well.
        case exit(Int32, reason: String?)
    }

    private enum State: Hashable {
        case waitingForHello
        case working
        case draining
        case over
    }

    /// Milliseconds to drain when the supervisor went away without saying how long.
    public static let defaultDrainTimeout: UInt64 = 30_000

    let role: Role
    private let instance: UInt32
    private let build: [UInt8]
    private var state = State.waitingForHello
    private var drainTimeout = WorkerMachine.defaultDrainTimeout
    private var isReady = false
    private var heapRest = HeapRest()

    public init(role: Role, instance: UInt32, build: [UInt8]) {
        self.role = role
        self.instance = instance
        self.build = build
    }

    /// One packet with its descriptors. `activeRequests` is the role's number of the moment.
    public mutating func received(_ packet: [UInt8], descriptors: [Int32], activeRequests: UInt32) -> [Action] {
        guard self.state != .over else { return Self.closing(descriptors) }
        do {
            return try self.understand(packet, descriptors, activeRequests)
        } catch {
            return Self.closing(descriptors) + self.leave(ExitCode.protocolBroken, "the supervisor sent \(error)")
        }
    }

    /// A packet that was too large, or had too many descriptors (which are closed already).
    public mutating func receivedOversized() -> [Action] {
        self.leave(ExitCode.protocolBroken, "the supervisor sent a packet that is too large")
    }

    /// The supervisor has gone.
    public mutating func ended() -> [Action] {
        switch self.state {
        case .over: return []
        case .waitingForHello: return self.leave(ExitCode.done, nil)
        case .working, .draining:
            self.state = .draining
            let timeout = self.drainTimeout
            return [.drain(timeout: timeout, lastResort: timeout.addingReportingOverflow(5000).partialValue)]
        }
    }

    /// The role has all it needs and can work; `missing` of its hardening could not be had.
    public mutating func ready(missing: Hardening) -> [Action] {
        guard self.state == .working, !self.isReady else { return [] }
        self.isReady = true
        return [.send(Ready(missing: missing).frame())]
    }

    /// The role has put a snapshot in force, or cannot (`refusal`): without any, that is the end.
    public mutating func acknowledged(version: UInt64, refusal: String?) -> [Action] {
        guard self.state != .over else { return [] }
        if let refusal, !self.isReady {
            return self.leave(ExitCode.snapshotRefused, "the snapshot cannot be used: \(refusal)")
        }
        return [.send(SnapshotAcknowledged(version: version, refusal: refusal).frame())]
    }

    /// The role has nothing left to do.
    public mutating func drained() -> [Action] {
        self.leave(ExitCode.done, nil)
    }

    /// The role or its shell cannot go on.
    public mutating func failed(_ code: Int32, _ reason: String) -> [Action] {
        self.leave(code, reason)
    }

    // MARK: Packets

    private mutating func understand(
        _ packet: [UInt8], _ descriptors: [Int32], _ activeRequests: UInt32
    ) throws(FrameError) -> [Action] {
        let frame = try Packet(packet, accepting: .child)
        guard Self.mayCome(descriptors.count, with: frame.type) else { throw .malformed(frame.type) }
        guard self.state != .waitingForHello else {
            guard frame.type == .hello else { throw .helloExpected }
            return self.greet(try frame.message())
        }
        switch frame.type {
        case .hello:
            throw .helloExpected
        case .snapshot:
            return [.snapshot(version: try frame.message(SnapshotNotice.self).version, descriptor: descriptors[0])]
        case .link:
            return [try self.link(try frame.message(), descriptors)]
        case .heartbeat:
            let heartbeat: Heartbeat = try frame.message()
            let answer = Heartbeat(sequence: heartbeat.sequence, activeRequests: activeRequests)
            let mean: [Action] = self.role == .edge ? [.meanActiveRequests(heartbeat.activeRequests)] : []
            let rest: [Action] = self.heapRest.beat(active: activeRequests) ? [.giveMemoryBack] : []
            return [.send(answer.frame()), .count] + mean + rest
        case .drain:
            self.drainTimeout = try frame.message(Drain.self).timeout
            self.state = .draining
            return [.drain(timeout: self.drainTimeout, lastResort: nil)]
        case .metricPages where self.role == .aggregator:
            let offer: MetricPageOffer = try frame.message()
            guard offer.pages.count == descriptors.count else { throw .malformed(.metricPages) }
            return [.metricPages(offer, descriptors: descriptors)]
        case .ownerDead where self.role == .aggregator:
            return [.ownerDead(try frame.message())]
        case .quarantine where self.role == .edge || self.role == .control:
            return [.quarantine(try frame.message())]
        case .ready:
            _ = try frame.message(Ready.self)
            return [.activate]
        case .listeners where self.role == .edge:
            let offer: ListenerOffer = try frame.message()
            guard offer.descriptorCount == descriptors.count else { throw .malformed(.listeners) }
            return [.listeners(offer, descriptors: descriptors)]
        case .reopenLogs:
            _ = try frame.message(ReopenLogs.self)
            return [.reopenLogs(descriptor: descriptors[0])]
        case .reload where self.role == .control:
            return [.reload(try frame.message())]
        case .reloadRefused where self.role == .control:
            return [.reloadRefused(try frame.message())]
        case .treeReport where self.role == .control:
            return [.report(try frame.message())]
        default:
            throw .unexpectedType(frame.type)
        }
    }

    private static func mayCome(_ descriptors: Int, with type: FrameType) -> Bool {
        switch type {
        case .snapshot, .reopenLogs: descriptors == 1
        case .link: descriptors == 1 || descriptors == 2
        // As many as the entries say.
        case .listeners, .metricPages: true
        default: descriptors == 0
        }
    }

    private func link(_ offer: LinkOffer, _ descriptors: [Int32]) throws(FrameError) -> Action {
        guard descriptors.count == 1 || LinkOffer.mayShareArea(self.role, offer.role) else { throw .malformed(.link) }
        return .link(offer, descriptor: descriptors[0], area: descriptors.count == 2 ? descriptors[1] : nil)
    }

    private mutating func greet(_ hello: Hello) -> [Action] {
        guard WireLimits.controlProtocols.contains(hello.protocolVersion) else {
            return self.leave(
                ExitCode.wrongBuild,
                "the supervisor speaks protocol \(hello.protocolVersion), this program \(WireLimits.protocolVersion)")
        }
        guard hello.role == self.role, hello.instance == self.instance else {
            return self.leave(ExitCode.protocolBroken, "the supervisor takes this process for another")
        }
        self.state = .working
        // A supervisor of another build is spoken to as it speaks; workers of two builds never meet.
        let answer = Hello(
            protocolVersion: hello.protocolVersion, role: self.role, instance: self.instance, host: hello.host,
            build: self.build)
        return [.send(answer.frame()), .start(hello)]
    }

    private mutating func leave(_ code: Int32, _ reason: String?) -> [Action] {
        guard self.state != .over else { return [] }
        self.state = .over
        return [.exit(code, reason: reason)]
    }

    private static func closing(_ descriptors: [Int32]) -> [Action] {
        descriptors.isEmpty ? [] : [.close(descriptors)]
    }
}
