import Administration
import Configuration
import Domain
import Glibc
import IPC
import IPCEpoll
import EventLog
import Platform
import WorkerRuntime

/// Control as a worker: hands what it has prepared to the supervisor, serves edges and operators, reads the configuration again
/// when it is asked to, and tells the operator when all is up.
///
/// Lives on the process's event loop. Everything that can fail has been done before the role exists
/// (`PreparedGateway`).
final class ControlRole: WorkerRole {
    private let context: WorkerProgram.Context
    /// Nanoseconds a reload waits for what the store knows; the supervisor waits 30 s for the reload.
    private static let factsPatience: UInt64 = 3_000_000_000
    /// The version that a reload is to be, while the store is asked.
    private var reading: UInt64?
    private var log: Log
    private var desk: ConfigurationDesk
    private let board: StatusBoard
    private let survey: ProviderSurvey
    /// Handed to the supervisor with each announcement.
    private let instance: InstanceFile
    private let clientKey: ClientKey
    private let ownerToken: OwnerToken
    private let source: AdministrationSource
    private let administration: AdministrationDesk
    /// What was known last of the store.
    private var facts: StoreFacts?
    private let codec: ObjectCodec
    private let objects: ObjectBoard
    private let follower: ObjectFollower
    private let finisher: ReplyFinisher
    private let catalogue: CatalogueKeeper
    private let catalogues = CatalogueBoard()
    /// Whether the configuration that comes into force next was read from its file again.
    private var isReadAgain = false
    /// Why what was changed by API is not in force.
    private var refusal: String?
    /// When the aggregator does what.
    private let jobs: JobBoard
    private let auditKeeper: AuditKeeper
    private let quarantine: QuarantineBoard
    private let followers = EventFollowers()
    private var operators: OperatorSocket?
    /// Where other hosts change the database, too.
    private var watch: DatabaseWatch?
    /// Where the links hand in their requests.
    private let http: HTTPDesk
    private let stateDirectory: String
    private var hello: Hello?
    private let scratch = LinkScratch()
    private var links: [UInt32: AdministrationLink] = [:]
    /// Whether the gateway's start is still to be announced; a control that was started again has nothing to tell.
    private var announcesStart: Bool
    private var isOnStandby: Bool
    /// What was said of the configuration in force.
    private var said: [String]

    init(_ context: WorkerProgram.Context) throws(StartFailure) {
        let gateway = try PreparedGateway(arguments: context.arguments)
        let configuration = gateway.state.configuration
        let swagger = configuration.admin.swaggerUI.map {
            AbsolutePath.resolve($0, in: gateway.state.source.workingDirectory)
        }
        let documentation = Documentation(SwaggerFiles.find(configured: swagger))
        context.endpoint.missing = ControlConfinement.close(gateway, given: context.endpoint.missing)
        self.context = context
        self.log = context.log
        let state = gateway.state
        self.log.level = state.configuration.logLevel
        self.log.format = state.configuration.logging.format
        self.announcesStart = context.arguments.inForce == nil
        self.said = state.notices
        if self.announcesStart { Self.say(state.notices, self.log) }
        self.clientKey = gateway.clientKey
        self.ownerToken = gateway.ownerToken
        let endpoint = context.endpoint
        let milliseconds = { Clocks.monotonicNanoseconds() / 1_000_000 }
        self.quarantine = QuarantineBoard(now: milliseconds, release: { endpoint.release(fingerprint: $0) })
        self.board = StatusBoard(notices: state.notices, now: milliseconds)
        self.isOnStandby = context.arguments.isOnStandby
        // They answer whatever has become of the databases.
        let survey = ProviderSurvey(stateDirectory: state.snapshots.topology.stateDirectory)
        survey.use(state.snapshots.upstream, routes: state.snapshots.edge.routes)
        self.survey = survey
        let treeAudit = TreeAudit(log: context.log)
        let ofTheTree: [any AdministrationResource] = [
            StatusResource(board: self.board, providers: survey.look),
            OrdersResource(give: { endpoint.order($0) }, note: treeAudit.note),
            QuarantineResource(board: self.quarantine, note: treeAudit.note),
        ]
        do throws(SystemError) {
            self.administration = try AdministrationDesk(
                loop: context.loop, log: context.log, context: DeskContext(limits: state.snapshots.edge.limits),
                tree: ofTheTree, reason: "the gateway is being upgraded")
        } catch {
            throw StartFailure("sluice-control: \(error)")
        }
        treeAudit.desk = self.administration
        self.auditKeeper = AuditKeeper(self.administration, log: context.log)
        self.http = HTTPDesk(
            HTTPDesk.Office(self.administration, context.loop), documentation: documentation, log: context.log)
        self.stateDirectory = state.snapshots.topology.stateDirectory
        self.desk = ConfigurationDesk(state)
        self.source = gateway.administration
        self.facts = gateway.facts
        self.instance = gateway.instance
        self.codec = ObjectCodec(vault: gateway.administration.vault)
        self.objects = ObjectBoard(
            ObjectBoard.State(
                base: state.base, merge: state.merge, number: state.source.objects.number,
                catalogue: state.source.catalogue),
            objection: { SnapshotBuilder.objection(to: $0, $1) })
        self.follower = ObjectFollower(loop: context.loop, inForce: state.source.objects.number) {
            // Nobody asks what has become of it by its token.
            endpoint.order(Order(token: 1, kind: .refresh))
        }
        self.jobs = JobBoard(state.snapshots.aggregator.housekeeping)
        self.finisher = ReplyFinisher(loop: context.loop, follower: self.follower)
        self.catalogue = CatalogueKeeper(
            loop: context.loop, desk: self.administration, log: context.log, board: self.catalogues,
            directory: state.source.workingDirectory)
        let finisher = self.finisher
        self.administration.finish = { finisher.finish($0, then: $1) }
        finisher.submit = { [weak administration] in administration?.submit($0, then: $1) }
    }

    /// Has the administration's threads work from now on: the files of the state folder are ours.
    private func openAdministration() {
        let source = self.source
        if source.isShared, self.watch == nil {
            let watch = DatabaseWatch(source, log: self.log)
            do throws(SystemError) {
                try watch.start()
                self.watch = watch
            } catch {
                self.log.error("the control database is not watched", ["error": .string("\(error)")])
            }
        }
        let limits = self.desk.inForce.snapshots.edge.limits
        let usage = self.desk.inForce.snapshots.aggregator.usageDatabase
        let (codec, board, catalogues, jobs, log) = (self.codec, self.objects, self.catalogues, self.jobs, self.log)
        let followers = self.followers
        let late = LateStart(
            self.desk.inForce.configuration, stateDirectory: self.stateDirectory, log: self.log,
            isDone: self.facts != nil)
        self.administration.open(threads: source.threads) { () throws(StartFailure) in
            let store = try source.open()
            try late.finish(store)
            var others: [any AdministrationResource] = ObjectKind.allCases.map { kind in
                ObjectsResource(kind, store: store, codec: codec, board: board)
            }
            others.append(CatalogueResource(store: store, board: catalogues, objects: board))
            others.append(
                EventsResource(
                    file: UsageFile(usage, stateDirectory: store.stateDirectory), names: store, followers: followers))
            let service = AdministrationService(
                store: store, limits: limits, usage: usage, jobs: jobs, others: others)
            service.report = { log.warning("the administration could not answer", ["error": .string($0)]) }
            return DeskBench(store: store, service: service)
        }
    }

    func start(hello: Hello) {
        let host = self.instance.record.host
        self.hello = Hello(role: .control, instance: hello.instance, host: host, build: WorkerIdentity.build)
        do throws(SystemError) {
            try self.announce(self.desk.inForce)
        } catch {
            return self.context.endpoint.fail(StartFailure("cannot make the snapshots: \(error)"))
        }
        if !self.isOnStandby { self.serveOperators() }
        self.context.endpoint.ready()
    }

    private func serveOperators() {
        self.openAdministration()
        self.keepCopies(self.desk.inForce.source)
        self.catalogue.changed = { [weak self] in self?.tellNotices() }
        self.catalogue.use(self.desk.inForce, isReadAgain: false)
        self.openOperatorSocket()
        self.maintain(turn: 0)
    }

    /// Hands a configuration to the supervisor.
    private func announce(_ state: GatewayState) throws(SystemError) {
        let snapshots = state.snapshots
        let edge = try SealedMemory.make(name: "edge-snapshot", bytes: snapshots.edge.encoded())
        let upstream = try SealedMemory.make(name: "upstream-snapshot", bytes: snapshots.upstream.encoded())
        let aggregator = try SealedMemory.make(name: "aggregator-snapshot", bytes: snapshots.aggregator.encoded())
        let inForce = try SealedMemory.make(name: "configuration", bytes: state.source.encoded())
        // The supervisor gets descriptors of its own, and with one of them the lock; those of the memory are closed on return.
        self.context.endpoint.announce(
            TopologyAnnouncement(
                version: state.version, host: self.instance.record.host, topology: snapshots.topology),
            descriptors: [
                edge.number, upstream.number, aggregator.number, inForce.number, self.instance.descriptor.number,
            ])
    }

    // MARK: Reload

    func receive(reload: ReloadRequest) {
        self.reading = reload.version
        // Without an answer what was known last has to do: a reload works while the store does not, also where a server says nothing.
        self.context.loop.schedule(after: Self.factsPatience) { [weak self] in self?.read(reload, facts: nil) }
        self.administration.perform({ (bench: DeskBench) in try? bench.store.facts() }) { [weak self] result in
            if case .success(let facts) = result {
                self?.read(reload, facts: facts)
            } else {
                self?.read(reload, facts: nil)
            }
        }
    }

    /// The first answer about the store counts.
    private func read(_ reload: ReloadRequest, facts: StoreFacts?) {
        guard self.reading == reload.version else { return }
        self.reading = nil
        if let facts { self.facts = facts }
        self.read(reload)
    }

    /// Reads the configuration again.
    private func read(_ request: ReloadRequest) {
        do throws(ReloadRefusal) {
            let state = try ConfigurationReload.read(
                after: self.desk.inForce, request, facts: self.facts, codec: self.codec,
                readFile: BoundedFile.readNow)
            do throws(SystemError) {
                try self.announce(state)
            } catch {
                throw ReloadRefusal(lines: ["cannot make the snapshots: \(error)"])
            }
            self.desk.announced(state)
            self.isReadAgain = request.readsFile
        } catch {
            for line in error.lines { self.log.error("configuration refused", ["problem": .string(line)]) }
            self.board.keep(refusal: error.message)
            self.objectsRefused(error.message)
            self.context.endpoint.reloadRefused(ReloadRefused(version: request.version, message: error.message))
        }
    }

    func receive(reloadRefused: ReloadRefused) {
        self.desk.refused(reloadRefused.version)
        self.board.keep(refusal: reloadRefused.message)
        self.objectsRefused(reloadRefused.message)
    }

    func receive(report: TreeReport) {
        self.board.tell(report)
        guard self.desk.reported(report.version) else { return }
        let state = self.desk.inForce
        self.log.level = state.configuration.logLevel
        self.log.format = state.configuration.logging.format
        self.administration.use(DeskContext(limits: state.snapshots.edge.limits))
        self.survey.use(state.snapshots.upstream, routes: state.snapshots.edge.routes)
        self.jobs.use(state.snapshots.aggregator.housekeeping)
        let isSaid = self.said == state.notices
        self.said = state.notices
        self.refusal = nil
        self.useObjects(of: state)
        self.catalogue.use(state, isReadAgain: self.isReadAgain)
        self.isReadAgain = false
        self.tellNotices()
        self.log.info("configuration in force", ["version": .unsigned(state.version)])
        if !isSaid { Self.say(state.notices, self.log) }
    }

    /// What was made by API and is in force now.
    private func useObjects(of state: GatewayState) {
        let records = state.source.objects
        let isNew = self.objects.now.number != records.number
        self.objects.use(
            ObjectBoard.State(
                base: state.base, merge: state.merge, number: records.number, catalogue: state.source.catalogue))
        if isNew { self.keepCopies(state.source) }
        self.follower.isInForce(records.number)
    }

    /// For a start while the database is away.
    private func keepCopies(_ source: ConfigurationSource) {
        if ObjectsCopy.read(stateDirectory: self.stateDirectory) != source.objects,
            !ObjectsCopy.write(source.objects, stateDirectory: self.stateDirectory)
        {
            self.log.error("the copy of what was made by API cannot be written", ["file": .string(ObjectsCopy.name)])
        }
        if !CatalogueCopy.keep(source.catalogue?.record, stateDirectory: self.stateDirectory) {
            self.log.error("the copy of the catalogue cannot be written", ["file": .string(CatalogueCopy.name)])
        }
    }

    /// What operators should know, of all that is in force.
    private func tellNotices() {
        self.board.notices =
            self.desk.inForce.notices + self.catalogue.notices
            + (self.refusal.map { ["what was changed by API is not in force: \($0)"] } ?? [])
    }

    /// What is stored does not come into force: `status` says so until it does.
    private func objectsRefused(_ reason: String) {
        self.refusal = self.follower.isBehind ? reason : nil
        self.tellNotices()
        self.follower.refused()
    }

    private static func say(_ notices: [String], _ log: Log) {
        for notice in notices { log.warning("configuration notice", ["notice": .string(notice)]) }
    }

    // MARK: Work

    private func openOperatorSocket() {
        do throws(SystemError) {
            self.operators = try OperatorSocket(
                stateDirectory: self.stateDirectory, loop: self.context.loop, desk: self.administration, log: self.log)
        } catch {
            self.log.error("the operators' socket cannot be opened", ["error": .string("\(error)")])
        }
    }

    /// Once a second: brings into the identity table what could not be written to it before; now and then frees what killed
    /// edges hold of it.
    private func maintain(turn: Int) {
        let work = { @Sendable (bench: DeskBench) -> AdministrationFailure? in
            do throws(AdministrationFailure) {
                try bench.store.catchUp()
                if turn % 10 == 9 { try bench.store.sweepReaders() }
                return nil
            } catch {
                return error
            }
        }
        self.followers.sweep(now: Timestamp.now())
        self.administration.perform(work) { [weak self] result in
            guard let self else { return }
            if case .success(let failure?) = result, turn % 60 == 0 {
                self.log.error("key table is behind", ["error": .string(failure.message)])
            }
            self.context.loop.schedule(after: 1_000_000_000) { [weak self] in self?.maintain(turn: turn &+ 1) }
        }
        self.lookForObjects()
        let state = self.desk.inForce
        self.auditKeeper.look(
            now: Int64(clamping: Timestamp.now() / 1000), kept: state.configuration.retention.audit,
            state.snapshots.aggregator.housekeeping)
    }

    /// What another host has changed comes into force here too.
    private func lookForObjects() {
        self.administration.perform({ (bench: DeskBench) in try? bench.store.objectsNumber() }) { [weak self] result in
            if case .success(let number?) = result { self?.follower.found(number) }
        }
    }

    /// Control makes snapshots and gets none.
    func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict { .refused("control makes them") }

    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?) {
        let owned = OwnedDescriptor(adopting: descriptor)
        guard let hello = self.hello, offer.role == .edge else {
            return self.log.warning("link from an unexpected role refused", ["peer": .string(offer.role.label)])
        }
        let link = AdministrationLink(instance: offer.instance, desk: self.http, log: self.log) { [weak self] ended in
            guard let self, self.links[ended.instance] === ended else { return }
            self.links[ended.instance] = nil
        }
        do {
            try link.start(owned, loop: self.context.loop, hello: hello, scratch: self.scratch)
        } catch {
            return self.log.error("link could not be opened", ["peer": "edge", "error": .string("\(error)")])
        }
        let replaced = self.links.updateValue(link, forKey: offer.instance)
        replaced?.close()
    }

    func drain(timeout: UInt64) {
        self.watch?.close()
        self.catalogue.close()
        // What is under way in the database is carried out, and answered.
        self.administration.close { [weak self] in
            self?.operators?.close()
            self?.context.endpoint.drained()
        }
    }

    func receive(quarantine: Quarantine) {
        self.quarantine.tell(quarantine.fingerprint, milliseconds: quarantine.milliseconds)
    }

    func activate() {
        if self.isOnStandby {
            // The control before has ended: its files and its socket are ours now.
            self.isOnStandby = false
            self.serveOperators()
        }
        guard self.announcesStart else { return }
        self.announcesStart = false
        let listed = (try? BoundedFile.read(path: "\(self.stateDirectory)/run/listeners", limit: 1 << 20)) ?? []
        let banner = Banner(
            version: SluiceVersion.current,
            listeners: listed.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) },
            key: self.clientKey, token: self.ownerToken, configuration: self.desk.inForce.configuration)
        if isatty(2) == 1 {
            StandardErrorSink.shared.writePlain(banner.text())
            if case .unseen = self.clientKey { self.forget(KeyFile.unseen) }
            if case .unseen = self.ownerToken { self.forget(FirstToken.unseen) }
        } else {
            self.log.info("gateway is up", banner.fields())
        }
    }

    /// What was in the file has been shown: from now on nobody can read it here.
    private func forget(_ file: KeyFile) {
        do throws(StartFailure) {
            try file.remove(in: try StateDirectory(path: self.stateDirectory))
        } catch {
            self.log.error("what was shown is still in its file", ["error": .string(error.message)])
        }
    }
}
