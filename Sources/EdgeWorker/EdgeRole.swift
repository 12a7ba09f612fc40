import Domain
import Identity
import IPC
import IPCNIO
import Journal
import EventLog
import Limits
import Metrics
import NIOCore
import NIOPosix
import Platform
import WorkerRuntime

/// The edge as the supervisor sees it: takes snapshots and links, adopts the listeners, says READY, drains.
///
/// Lives on the edge's only event loop. Accepts only once it has a snapshot, a journal and a place at the limit table.
final class EdgeRole: WorkerRole {
    private static let seatInterval = TimeAmount.seconds(1)
    private static let journalRetry = TimeAmount.seconds(1)
    private static let seatRetry = TimeAmount.milliseconds(100)
    /// Until connections are taken again that there was no descriptor for.
    private static let acceptRetry = TimeAmount.milliseconds(200)
    private static let exhaustionSaidEvery = TimeAmount.seconds(10)
    /// Time for the last bytes and counters to leave the process.
    private static let farewell = TimeAmount.milliseconds(100)

    private let identity: WorkerIdentity
    private let eventLoop: any EventLoop
    private let endpoint: ControlLineEndpoint
    private var host: UInt32 = 0
    private var core: EdgeCore?
    private var seat: LimitSeat?
    /// The newest snapshot until the work begins.
    private var firstSnapshot: EdgeSnapshot?
    /// Links and quarantines that came before the snapshot.
    private var early: [(offer: LinkOffer, descriptor: Int32, area: Int32?)] = []
    private var earlyQuarantines: [Quarantine] = []
    private var links: [PeerLink] = []
    private var linkCounters: LinkCounters.Table
    private let listeners: EdgeListeners
    private var hasAdopted = false
    private var isReady = false
    private var isOver = false
    /// An older generation takes the connections.
    private var isOnStandby: Bool
    private var gate: AcceptGate
    private var exhaustionSaid: NIODeadline?
    private var drainTimer: Scheduled<Void>?

    init(identity: WorkerIdentity, endpoint: ControlLineEndpoint, group: any EventLoopGroup, eventLoop: any EventLoop) {
        self.identity = identity
        self.endpoint = endpoint
        self.eventLoop = eventLoop
        self.isOnStandby = identity.arguments.isOnStandby
        self.linkCounters = LinkCounters.Table(endpoint.page, role: .edge)
        self.listeners = EdgeListeners(group: group, eventLoop: eventLoop)
        self.gate = AcceptGate(descriptorLimit: AcceptGate.descriptorLimit)
        self.listeners.onExhausted = { [weak self] in self?.pauseAccepting() }
    }

    // MARK: WorkerRole

    func start(hello: Hello) {
        self.host = hello.host
    }

    func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict {
        guard let snapshot = try? EdgeSnapshot(decoding: bytes), snapshot.version == version else {
            return .refused("it is malformed")
        }
        guard let core = self.core else {
            guard self.listeners.isOffered(version) else { return .refused("its listeners did not come") }
            let isFirst = self.firstSnapshot == nil
            self.firstSnapshot = snapshot
            return !isFirst || self.begin() ? .inForce : .refused("cryptography does not start")
        }
        self.listeners.use(version, administration: snapshot.administrationListener, core: core) { [endpoint] refusal in
            if refusal == nil {
                core.use(EdgeSettings(snapshot))
                core.journal.update(snapshot.journal)
            }
            endpoint.acknowledge(version: version, refusal: refusal)
        }
        return .later
    }

    /// Begins to work as the newest snapshot says, once there is a journal: nobody is served unrecorded because of a fault
    /// that may pass. False where the process cannot work at all.
    private func begin() -> Bool {
        guard let snapshot = self.firstSnapshot, let journal = self.openJournal(snapshot) else { return true }
        guard
            let core = try? EdgeCore(
                eventLoop: self.eventLoop, host: self.host, instance: self.identity.arguments.instance,
                settings: EdgeSettings(snapshot), log: self.identity.log, journal: journal,
                keys: IdentityReader(stateDirectory: snapshot.stateDirectory), page: self.endpoint.page,
                wallMilliseconds: Clocks.wallMilliseconds)
        else { return false }
        self.core = core
        self.firstSnapshot = nil
        core.onLoadChange = { [weak self] in self?.balance() }
        let log = core.log
        self.seat = LimitSeat(
            path: LimitTable.path(stateDirectory: snapshot.stateDirectory), instance: core.instance
        ) { log.warning("limit table not usable", ["error": .string($0)]) }
        self.takeSeat()
        self.listeners.use(snapshot.version, administration: snapshot.administrationListener, core: core) { refusal in
            if let refusal { return self.endpoint.acknowledge(version: snapshot.version, refusal: refusal) }
            self.hasAdopted = true
            self.becomeReady()
        }
        for quarantine in self.earlyQuarantines { core.take(quarantine) }
        self.earlyQuarantines = []
        for link in self.early { self.connect(link.offer, link.descriptor, link.area, core) }
        self.early = []
        self.keepSeat()
        return true
    }

    /// Nobody is served uncounted: waits for the limit table, and for a place there.
    private func takeSeat() {
        guard !self.isOver, let core = self.core, let seat = self.seat else { return }
        if seat.take() { core.desk.ledger = seat.owner }
        guard core.desk.ledger == nil else { return self.becomeReady() }
        self.eventLoop.assumeIsolated().scheduleTask(in: EdgeRole.seatRetry) { [weak self] in self?.takeSeat() }
    }

    /// This process's journal; nil when it cannot be opened, which is tried again.
    private func openJournal(_ snapshot: EdgeSnapshot) -> JournalWriter? {
        let owner = JournalOwner(host: self.host, instance: self.identity.arguments.instance, role: .edge)
        do throws(JournalError) {
            return try JournalWriter(
                folder: JournalFolder.path(stateDirectory: snapshot.stateDirectory), owner: owner,
                settings: snapshot.journal)
        } catch {
            self.identity.log.error("journal not usable", ["error": .string("\(error)")])
            self.eventLoop.assumeIsolated().scheduleTask(in: EdgeRole.journalRetry) { [weak self] in
                guard let self, !self.isOver, !self.begin() else { return }
                self.endpoint.fail(StartFailure("sluice-edge: cannot start its cryptography"))
            }
            return nil
        }
    }

    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?) {
        guard let core = self.core else {
            return self.early.append((offer: offer, descriptor: descriptor, area: area))
        }
        self.connect(offer, descriptor, area, core)
    }

    func giveMemoryBack() {
        for link in self.links { link.giveMemoryBack() }
    }

    var activeRequests: UInt32 { self.core?.metrics.inFlight ?? 0 }

    func meanActiveRequests(_ mean: UInt32) {
        self.gate.received(mean: mean, active: self.activeRequests)
        self.balance()
    }

    func receive(quarantine: Quarantine) {
        guard let core = self.core else { return self.earlyQuarantines.append(quarantine) }
        core.take(quarantine)
    }

    func drain(timeout: UInt64) {
        guard let core = self.core else {
            self.isOver = true
            return self.endpoint.drained()
        }
        self.listeners.close()
        self.drainTimer?.cancel()
        let amount = TimeAmount.milliseconds(Int64(clamping: min(timeout, 86_400_000)))
        self.drainTimer = self.eventLoop.assumeIsolated().scheduleTask(in: amount) {
            core.endDraining()
            self.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { self.leave() }
        }
        core.onDrained = { [weak self] in self?.leave() }
        core.drain()
    }

    /// Counts what is left to count, and ends.
    private func leave() {
        guard !self.isOver else { return }
        self.isOver = true
        self.core?.giveUp()
        self.count()
        self.core?.stop()
        self.eventLoop.assumeIsolated().scheduleTask(in: EdgeRole.farewell) {
            // Until now a connection that came at the last moment could be served, and so counted and recorded.
            self.seat?.leave()
            self.core?.journal.close()
            self.endpoint.drained()
        }
    }

    // MARK: Listeners

    func receive(listeners: ListenerOffer, descriptors: [Int32]) {
        self.listeners.take(listeners, descriptors)
    }

    private func becomeReady() {
        // Without an upstream too: requests wait for it, and an edge that is needed is not held up by another's restart.
        guard !self.isReady, self.hasAdopted, self.core?.desk.ledger != nil else { return }
        self.isReady = true
        self.endpoint.ready()
        self.balance()
    }

    func activate() {
        self.isOnStandby = false
        self.balance()
    }

    /// Starts or pauses accepting as the load says.
    private func balance() {
        guard self.isReady, !self.isOnStandby, let core = self.core, !core.isDraining else { return }
        let isOpen = self.gate.isOpen(active: core.metrics.inFlight, connections: core.openConnections)
        guard isOpen != self.listeners.isAccepting else { return }
        core.log.debug("accepting", ["on": .bool(isOpen)])
        self.listeners.isAccepting = isOpen
    }

    /// There is no descriptor for a connection that waits: it waits on, in the queue of the listener.
    private func pauseAccepting() {
        self.gate.exhausted(descriptorLimit: AcceptGate.descriptorLimit)
        let now = NIODeadline.now()
        if self.exhaustionSaid.map({ $0 + EdgeRole.exhaustionSaidEvery < now }) ?? true {
            self.exhaustionSaid = now
            let connections = UInt64(clamping: self.core?.openConnections ?? 0)
            self.identity.log.warning("no descriptor for a connection", ["connections": .unsigned(connections)])
        }
        self.balance()
        self.eventLoop.assumeIsolated().scheduleTask(in: EdgeRole.acceptRetry) { [weak self] in
            self?.gate.recovered()
            self?.balance()
        }
    }

    // MARK: Links

    private func connect(_ offer: LinkOffer, _ descriptor: Int32, _ area: Int32?, _ core: EdgeCore) {
        let peer = PeerLink(
            role: offer.role, instance: offer.instance, area: area.flatMap { BodyArea(mapping: $0, core.log) },
            log: core.log,
            opened: { [weak self] in self?.opened($0) }, ended: { [weak self] in self?.ended($0) })
        peer.retired = { core.upstreams.remove($0) }
        let machine = LinkMachine(
            hello: Hello(
                role: .edge, instance: self.identity.arguments.instance, host: self.host, build: WorkerIdentity.build),
            peerRole: offer.role, peerInstance: offer.instance,
            accepting: offer.role == .upstream ? .upstreamClient : .client)
        let handler = NIOLoopBound(
            LinkHandler(
                machine: machine, delegate: peer, flusher: core.flusher,
                counters: self.linkCounters.counters(for: offer.role)),
            eventLoop: self.eventLoop)
        peer.handler = handler.value
        self.links.append(peer)
        ClientBootstrap(group: self.eventLoop)
            .channelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
            // As much as the system allows: large bodies then need fewer turns.
            .channelOption(.socketOption(.so_sndbuf), value: 1 << 20)
            .channelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16384, maximum: 65536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .withConnectedSocket(descriptor)
            .assumeIsolated()
            .whenFailure { error in
                core.log.error("cannot use a link", ["error": .string("\(error)")])
                self.ended(peer)
            }
    }

    private func opened(_ link: PeerLink) {
        guard let core = self.core else { return }
        switch link.role {
        case .upstream:
            core.upstreams.add(link)
        case .aggregator:
            core.aggregator = link
        case .control: core.controls.add(link)
        case .edge, .supervisor: break
        }
    }

    private func ended(_ link: PeerLink) {
        self.links.removeAll { $0 === link }
        self.endpoint.linkEnded(LinkOffer(role: link.role, instance: link.instance))
        guard let core = self.core else { return }
        core.upstreams.remove(link)
        core.controls.remove(link)
        if core.aggregator === link { core.aggregator = nil }
    }

    // MARK: Now and then

    func count() {
        self.core?.countLosses()
    }

    /// There may be another limit table.
    private func keepSeat() {
        self.eventLoop.assumeIsolated().scheduleTask(in: EdgeRole.seatInterval) { [weak self] in
            guard let self, !self.isOver else { return }
            if let core = self.core, self.seat?.take() == true { core.desk.ledger = self.seat?.owner }
            self.keepSeat()
        }
    }
}
