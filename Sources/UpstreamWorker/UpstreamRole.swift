internal import Domain
internal import HTTPClient
public import IPC
internal import IPCEpoll
internal import Journal
internal import Limits
internal import Metrics
public import EventLog
internal import Platform
public import WorkerRuntime

/// The upstream worker: takes request streams from edges, calls providers, and sends the replies back.
///
/// Owns the HTTP client, the links and the snapshots. All of it lives on the one loop of the process.
public final class UpstreamRole: WorkerRole {
    /// Milliseconds that END frames get to leave before the process does.
    private static let farewell: UInt64 = 100_000_000
    private static let roundInterval: UInt64 = 1_000_000_000
    private static let journalRetry: UInt64 = 1_000_000_000
    private static let seatRetry: UInt64 = 50_000_000

    private let services: UpstreamServices
    private let endpoint: ControlLineEndpoint
    private let scratch = LinkScratch()
    private var hello: Hello?
    private var seat: LimitSeat?
    private var edges: [EdgeLink] = []
    private var aggregators: [AggregatorLink] = []
    private var drainTimer: LoopTimer?
    private var isQuieting = false
    private var isLeaving = false

    /// Makes the role on the program's loop.
    public init(_ context: WorkerProgram.Context) throws(StartFailure) {
        do throws(SystemError) {
            self.services = UpstreamServices(
                loop: context.loop, client: try HTTPClient(loop: context.loop), log: context.log,
                page: context.endpoint.page)
        } catch {
            throw StartFailure("sluice-upstream: \(error)")
        }
        self.endpoint = context.endpoint
        self.services.drained = { [unowned self] in self.leaveSoon() }
    }

    public var activeRequests: UInt32 { UInt32(clamping: self.services.active) }

    // MARK: From the supervisor

    public func start(hello: Hello) {
        self.hello = hello
        self.services.loop.schedule(after: Self.roundInterval) { [unowned self] in self.goRound() }
    }

    public func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict {
        do throws(WireReader.Malformed) {
            let snapshot = try UpstreamSnapshot(decoding: bytes)
            guard snapshot.version == version else { return .refused("it is another version's") }
            if let problem = TrustFiles.problem(of: snapshot.providers) { return .refused(problem) }
            self.services.log.level = snapshot.logLevel
            self.services.log.format = snapshot.logFormat
            self.services.providers.add(snapshot, at: self.services.loop.now)
            self.services.health.use(snapshot)
            if let journal = self.services.journal {
                journal.update(snapshot.journal)
                self.becomeReady()
            } else {
                self.openJournal(snapshot)
            }
        } catch {
            return .refused("it is malformed")
        }
        return .inForce
    }

    /// Nothing is called before there is a journal. What keeps it from being opened may be put right meanwhile.
    private func openJournal(_ snapshot: UpstreamSnapshot) {
        guard let hello = self.hello, self.services.journal == nil else { return }
        let folder = JournalFolder.path(stateDirectory: snapshot.stateDirectory)
        do throws(JournalError) {
            self.services.journal = try JournalWriter(
                folder: folder, owner: JournalOwner(host: hello.host, instance: hello.instance, role: .upstream),
                settings: snapshot.journal)
            // In this order: by its journal the aggregator knows that who has a place lives.
            self.takeSeat(snapshot)
        } catch {
            self.services.log.error("journal not usable", ["error": .string("\(error)")])
            self.services.loop.schedule(after: Self.journalRetry) { [unowned self] in self.openJournal(snapshot) }
        }
    }

    /// Nothing is called uncounted: waits for the table that upstreams share, and for a place there.
    private func takeSeat(_ snapshot: UpstreamSnapshot) {
        guard let hello = self.hello, self.seat == nil else { return }
        let log = self.services.log
        self.seat = LimitSeat(
            path: LimitTable.providersPath(stateDirectory: snapshot.stateDirectory), instance: hello.instance
        ) { log.warning("table of providers not usable", ["error": .string($0)]) }
        self.lookForSeat()
    }

    private func lookForSeat() {
        guard !self.isLeaving, let seat = self.seat else { return }
        if seat.take() { self.services.health.use(seat.owner) }
        guard seat.owner == nil else { return self.becomeReady() }
        self.services.loop.schedule(after: Self.seatRetry) { [unowned self] in self.lookForSeat() }
    }

    private func becomeReady() {
        guard self.services.journal != nil, self.seat?.owner != nil else { return }
        self.endpoint.ready()
    }

    public func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?) {
        let owned = OwnedDescriptor(adopting: descriptor)
        // Where that fails the link is refused: an edge that has an area uses it.
        let shared: SharedArea?
        do throws(SystemError) {
            shared = try area.map { (area) throws(SystemError) in
                try SharedArea(OwnedDescriptor(adopting: area), for: .reading)
            }
        } catch {
            return self.services.log.error("cannot use a link's memory", ["error": .string("\(error)")])
        }
        guard let hello = self.hello else { return }
        let greeting = Hello(role: .upstream, instance: hello.instance, host: hello.host, build: WorkerIdentity.build)
        let accepted: FrameTypeSet = offer.role == .edge ? .upstream : .client
        let machine = LinkMachine(
            hello: greeting, peerRole: offer.role, peerInstance: offer.instance, accepting: accepted)
        do throws(SystemError) {
            switch offer.role {
            case .edge: try self.addEdge(owned, machine, offer.instance, shared)
            case .aggregator: try self.addAggregator(owned, machine, offer.instance)
            case .supervisor, .control, .upstream:
                self.services.log.error("a link that an upstream has no use for", ["peer": .string(offer.role.label)])
            }
        } catch {
            self.services.log.error(
                "link not usable", ["peer": .string(offer.role.label), "error": .string("\(error)")])
        }
    }

    private func addEdge(
        _ descriptor: consuming OwnedDescriptor, _ machine: LinkMachine, _ instance: UInt32, _ area: SharedArea?
    ) throws(SystemError) {
        let link = try EdgeLink(
            descriptor: descriptor, area: area, machine: machine, instance: instance, scratch: self.scratch,
            services: self.services
        ) { [unowned self] link in
            self.edges.removeAll { $0 === link }
            self.endpoint.linkEnded(LinkOffer(role: .edge, instance: instance))
            self.quieted()
        }
        link.quieted = { [unowned self] in self.quieted() }
        self.edges.append(link)
        if self.isQuieting { link.quiet() }
    }

    private func addAggregator(
        _ descriptor: consuming OwnedDescriptor, _ machine: LinkMachine, _ instance: UInt32
    ) throws(SystemError) {
        let link = try AggregatorLink(
            loop: self.services.loop, descriptor: descriptor, machine: machine, scratch: self.scratch,
            counters: self.services.linkCounters.counters(for: .aggregator), log: self.services.log
        ) { [unowned self] link in
            self.aggregators.removeAll { $0 === link }
            self.endpoint.linkEnded(LinkOffer(role: .aggregator, instance: instance))
        }
        self.aggregators.append(link)
    }

    /// The edges drain at the same time and need this process until they have ended.
    public func supervisorHasGone(timeout: UInt64) {
        self.leave(within: timeout)
        self.isQuieting = true
        self.quieted()
    }

    public func drain(timeout: UInt64) {
        self.leave(within: timeout)
        self.isQuieting = true
        for edge in self.edges { edge.quiet() }
        self.quieted()
    }

    /// At the latest in `timeout` milliseconds, whatever runs.
    private func leave(within timeout: UInt64) {
        let (delay, overflow) = timeout.multipliedReportingOverflow(by: 1_000_000)
        let loop = self.services.loop
        if let timer = self.drainTimer {
            loop.reschedule(timer, after: overflow ? .max : delay)
        } else {
            self.drainTimer = loop.schedule(after: overflow ? .max : delay) { [unowned self] in
                for edge in self.edges { edge.fail(.draining) }
                self.services.drain()
                self.leaveSoon()
            }
        }
    }

    /// Requests that are on their way are still served: it is over when each edge has said that no more will come.
    private func quieted() {
        guard self.isQuieting, !self.services.isDraining, self.edges.allSatisfy(\.isQuiet) else { return }
        self.services.drain()
    }

    /// Leaves once what was sent last has had time to go out.
    private func leaveSoon() {
        guard !self.isLeaving else { return }
        self.isLeaving = true
        self.services.count()
        self.services.loop.schedule(after: Self.farewell) { [unowned self] in
            self.seat?.leave()
            self.services.journal?.close()
            self.endpoint.drained()
        }
    }

    // MARK: Now and then

    public func count() { self.services.count() }

    /// What is done once a second.
    private func goRound() {
        self.services.providers.retire(at: self.services.loop.now)
        if !self.isLeaving, self.seat?.owner != nil, self.seat?.take() == true {
            self.services.health.use(self.seat?.owner)
        }
        self.services.health.say(waiting: self.services.providers.attempts)
        self.services.loop.schedule(after: Self.roundInterval) { [unowned self] in self.goRound() }
    }
}
