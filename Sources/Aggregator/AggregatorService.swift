import Database
import Domain
import EventLog
import IPC
import IPCEpoll
import Limits
import Metrics
import Platform
import UsageStore

/// The aggregator's work without its process: links from edges and upstreams, the metric pages, the answers to `/metrics`, and
/// the journals.
///
/// Lives on one `EpollLoop`. It owns the links; one per process, a newer one to the same process takes the older one's
/// place. When a link ends without being replaced, its process counts as gone.
final class AggregatorService {
    let log: Log
    /// Reads the journals; nil until the snapshot has said where they are.
    private(set) var ingest: JournalIngest?
    /// Called with the reason when the usage database is one that this program can never work with, and that is found out late.
    var whenUnusable: (StartFailure) -> Void = { _ in }
    private let loop: EpollLoop
    private let hello: Hello
    private let scratch = LinkScratch()
    private var store = MetricStore()
    private var metrics: AggregatorMetrics
    private var linkCounters: LinkCounters.Table
    private var refusedSeries: UInt64 = 0
    private var peers: [PeerName: PeerLink] = [:]
    private var whenDrained: (() -> Void)?
    private var isFinishing = false
    /// When the drain's time is over, by the loop's clock.
    private var drainsUntil = UInt64.max
    /// Nanoseconds that reading the journals may take beyond it: less than the supervisor waits then.
    private static let grace: UInt64 = 800_000_000

    /// `hello` is what the aggregator says of itself on each link; `page` is where it counts.
    init(loop: EpollLoop, hello: Hello, page: MetricPage = MetricPage(), log: Log) {
        self.metrics = AggregatorMetrics(page)
        self.linkCounters = LinkCounters.Table(page, role: .aggregator)
        self.loop = loop
        self.hello = hello
        self.log = log
    }

    // MARK: Events from the supervisor

    /// A new link to a process. One that cannot be used is closed and said in the log.
    func adopt(_ descriptor: consuming OwnedDescriptor, role: Role, instance: UInt32) {
        guard let accepted = PeerLink.accepted(from: role) else {
            self.log.warning("link from an unexpected role refused", ["peer": .string(role.label)])
            return
        }
        let peer = PeerLink(PeerName(role: role, instance: instance), service: self)
        let machine = LinkMachine(hello: self.hello, peerRole: role, peerInstance: instance, accepting: accepted)
        do {
            try peer.start(
                descriptor, loop: self.loop, machine: machine, scratch: self.scratch,
                counters: self.linkCounters.counters(for: role))
        } catch {
            self.log.error("link could not be opened", ["peer": .string(role.label), "error": .string("\(error)")])
            return
        }
        let replaced = self.peers.updateValue(peer, forKey: peer.peer)
        replaced?.close()
    }

    /// The metric page of the process in a place of the tree. One that cannot be read is said in the log.
    func adopt(page descriptor: consuming OwnedDescriptor, role: Role, slot: UInt16) {
        do throws(SystemError) {
            self.store.add(try MetricPageReader(descriptor), role: role, slot: slot)
        } catch {
            self.log.error(
                "metric page not usable", ["peer": .string(role.label), "error": .string("\(error)")])
        }
    }

    /// Brings the aggregator's own page up to date, but for the limit table, which takes too long for once a second.
    func count() {
        self.metrics.update(ingest: self.ingest?.counts, limits: nil, jobs: self.ingest?.jobCounts)
    }

    /// Calls `done` once, when the journals have been read to their ends, which begins when the last link has ended, or after
    /// `timeout` milliseconds; at the latest a moment after that. A further call shortens the time until it begins.
    func drain(timeout: UInt64, done: @escaping () -> Void) {
        if self.whenDrained == nil { self.whenDrained = done }
        let (nanoseconds, overflow) = timeout.multipliedReportingOverflow(by: 1_000_000)
        let delay = overflow ? UInt64.max : nanoseconds
        let end = Clocks.monotonicNanoseconds().addingReportingOverflow(delay)
        self.drainsUntil = min(self.drainsUntil, end.overflow ? .max : end.partialValue)
        self.loop.schedule(after: delay) { [weak self] in self?.finishDrain() }
        if self.peers.isEmpty { self.finishDrain() }
    }

    private func finishDrain() {
        // Once: several things lead here, such as the last link's end and the drain's own time.
        guard let done = self.whenDrained, !self.isFinishing else { return }
        self.isFinishing = true
        guard let ingest = self.ingest else { return done() }
        let now = Clocks.monotonicNanoseconds()
        let rest = self.drainsUntil > now ? self.drainsUntil - now : 0
        ingest.finish(within: rest.addingReportingOverflow(Self.grace).overflow ? .max : rest + Self.grace, done: done)
    }

    /// Where the journals, the usage database and the tables are, and by what prices calls are charged. The place is taken
    /// once; what it throws ends the process. `limitTable`: nil keeps no table. `database`: nil is the file in the state folder. `housekeeping`: nil
    /// does nothing by a schedule.
    func journals(
        stateDirectory: String, database: DatabaseAddress? = nil, prices: [Price],
        limitTable: LimitTableSettings? = nil, upstreams: UInt16 = 1, housekeeping: HousekeepingSettings? = nil
    ) throws(StartFailure) {
        if let ingest = self.ingest {
            return ingest.update(
                prices: prices, limitTable: limitTable ?? LimitTableSettings(), upstreams: upstreams,
                housekeeping: housekeeping)
        }
        let database =
            database.map { UsageDatabase($0, host: self.hello.host) } ?? .file(stateDirectory: stateDirectory)
        let ingest = try JournalIngest(
            loop: self.loop, stateDirectory: stateDirectory, database: database, prices: prices,
            limits: limitTable.flatMap { self.keeper(stateDirectory, $0, database) },
            providers: limitTable == nil ? nil : self.keeper(stateDirectory, upstreams: upstreams),
            housekeeper: housekeeping.map { Housekeeper(host: self.hello.host, settings: $0, log: self.log) },
            log: self.log)
        self.ingest = ingest
        ingest.whenUnusable = self.whenUnusable
        ingest.linked = { [weak self] role in
            Set(self?.peers.keys.filter { $0.role == role }.map(\.instance) ?? [])
        }
        ingest.start()
    }

    private func keeper(
        _ stateDirectory: String, _ settings: LimitTableSettings, _ database: UsageDatabase
    ) -> LimitTableKeeper? {
        do throws(SystemError) {
            return LimitTableKeeper(
                stateDirectory: stateDirectory, host: self.hello.host, settings: settings, boot: try BootID.current(),
                log: self.log
            ) { () throws(DatabaseError) in try database.reader() }
        } catch {
            self.log.error("no limit table is kept", ["error": .string("\(error)")])
            return nil
        }
    }

    private func keeper(_ stateDirectory: String, upstreams: UInt16) -> ProviderTableKeeper? {
        do throws(SystemError) {
            return ProviderTableKeeper(
                stateDirectory: stateDirectory, host: self.hello.host, upstreams: upstreams,
                boot: try BootID.current(), log: self.log)
        } catch {
            self.log.error("no table of providers is kept", ["error": .string("\(error)")])
            return nil
        }
    }

    // MARK: Events from links

    func reply(to request: AdministrationRequest) -> Reply {
        let path = request.path.utf8.prefix(while: { $0 != UInt8(ascii: "?") })
        guard path.elementsEqual("/metrics".utf8) else { return .unknownURL }
        guard request.method.utf8.elementsEqual("GET".utf8) else { return .methodNotAllowed }
        self.metrics.update(
            ingest: self.ingest?.counts, limits: self.ingest?.limitCounts, jobs: self.ingest?.jobCounts)
        let text = PrometheusText.render(self.store.families())
        self.sayRefused()
        return .metrics(text)
    }

    /// Once for each number: the same series are looked at again and again.
    private func sayRefused() {
        let refused = self.store.refused
        guard refused > self.refusedSeries else { return }
        self.refusedSeries = refused
        self.log.warning("metric series left out", ["count": .int(refused)])
    }

    func peerEnded(_ peer: PeerLink, error: FrameError?) {
        if let error {
            self.log.error(
                "link closed: the peer broke the protocol",
                [
                    "peer": .string(peer.peer.role.label), "peer_instance": .int(peer.peer.instance),
                    "error": .string("\(error)"),
                ])
        }
        guard self.peers[peer.peer] === peer else { return }
        self.peers[peer.peer] = nil
        self.ingest?.linkEnded()
        if self.peers.isEmpty { self.finishDrain() }
    }
}
