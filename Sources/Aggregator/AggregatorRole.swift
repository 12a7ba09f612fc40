import Domain
import Glibc
import IPC
import EventLog
import Platform
import WorkerRuntime

/// The aggregator as a worker: connects the supervisor's calls with an `AggregatorService`.
///
/// Lives on the process's event loop. It is READY with its snapshot; links may come before or after.
final class AggregatorRole: WorkerRole {
    private let context: WorkerProgram.Context
    private var log: Log
    private var service: AggregatorService?
    private var host: UInt32 = 0
    /// What begins once the aggregator before has let go of the database and the limit table.
    private var postponed: AggregatorSnapshot?
    private var isOnStandby: Bool
    private static let niceness: Int32 = 5

    init(_ context: WorkerProgram.Context) {
        self.context = context
        self.log = context.log
        self.isOnStandby = context.arguments.isOnStandby
    }

    func start(hello: Hello) {
        self.host = hello.host
        // Whoever serves a client goes first: what is read from journals can wait some milliseconds.
        setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.niceness)
        let own = Hello(role: .aggregator, instance: hello.instance, host: hello.host, build: WorkerIdentity.build)
        let service = AggregatorService(
            loop: self.context.loop, hello: own, page: self.context.endpoint.page, log: self.log)
        service.whenUnusable = { WorkerProgram.giveUp($0) }
        self.service = service
    }

    func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict {
        guard let snapshot = try? AggregatorSnapshot(decoding: bytes), snapshot.version == version else {
            return .refused("it is malformed")
        }
        self.log.level = snapshot.logLevel
        self.log.format = snapshot.logFormat
        self.service?.log.level = snapshot.logLevel
        self.service?.log.format = snapshot.logFormat
        if self.isOnStandby {
            self.postponed = snapshot
        } else {
            self.use(snapshot)
        }
        self.context.endpoint.ready()
        return .inForce
    }

    func activate() {
        self.isOnStandby = false
        if let snapshot = self.postponed.take() { self.use(snapshot) }
    }

    private func use(_ snapshot: AggregatorSnapshot) {
        do throws(StartFailure) {
            try self.service?.journals(
                stateDirectory: snapshot.stateDirectory, database: snapshot.usageDatabase, prices: snapshot.prices,
                limitTable: snapshot.limitTable, upstreams: snapshot.upstreams, housekeeping: snapshot.housekeeping)
        } catch {
            WorkerProgram.giveUp(error)
        }
    }

    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?) {
        self.service?.adopt(OwnedDescriptor(adopting: descriptor), role: offer.role, instance: offer.instance)
    }

    func receive(pages offer: MetricPageOffer, descriptors: [Int32]) {
        for (page, descriptor) in zip(offer.pages, descriptors) {
            self.service?.adopt(page: OwnedDescriptor(adopting: descriptor), role: page.role, slot: page.slot)
        }
    }

    func count() { self.service?.count() }

    func receive(ownerDead: OwnerDead) {
        let endpoint = self.context.endpoint
        self.service?.ingest?.suspects(host: self.host, instance: ownerDead.instance, role: ownerDead.role) {
            endpoint.answer(Suspects(instance: ownerDead.instance, fingerprints: $0))
        }
    }

    func drain(timeout: UInt64) {
        guard let service = self.service else { return self.context.endpoint.drained() }
        // The endpoint, not the role: it lives as long as the process does.
        let endpoint = self.context.endpoint
        service.drain(timeout: timeout) { [weak service] in
            service?.count()
            endpoint.drained()
        }
    }
}
